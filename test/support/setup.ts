// A test that forgets to end a child or a server must not hang the suite or hide behind a warning.
process.env['NO_COLOR'] ??= '1';
