import { expect, it } from 'vitest';
import { splitCommandLine } from '../../src/support/command-line.js';

it.each([
  ['touch a b', ['touch', 'a', 'b']],
  ['  touch   a\n', ['touch', 'a']],
  [`sh -c 'echo "$A" > b'`, ['sh', '-c', 'echo "$A" > b']],
  ['sh -c "a \\"b\\" \\n"', ['sh', '-c', 'a "b" \\n']],
  ['a\\ b c', ['a b', 'c']],
  [`a '' "" b'c'd`, ['a', '', '', 'bcd']],
])('splits %j', (text, words) => expect(splitCommandLine(text)).toEqual({ ok: true, value: words }));

it.each(['', '   ', "''", `sh -c 'open`, 'a "b'])('refuses %j', (text) => {
  expect(splitCommandLine(text)).toMatchObject({ ok: false });
});
