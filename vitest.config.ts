import { defineConfig } from 'vitest/config';

const long = process.env['PLIMSOLL_LONG'] === '1';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: long ? [] : ['test/**/*.long.test.ts'],
    pool: 'forks',
    // Three at a time: most of them wait for clocks and sockets; more would starve those that measure time.
    maxWorkers: 3,
    // Machines of a CI have other guests, and many tests measure time. What passes at a later try is told by name at the
    // end of the run; tests of the undo (test/chaos, test/e2e) are never tried again.
    retry: process.env['CI'] ? 2 : 0,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ['test/support/setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
