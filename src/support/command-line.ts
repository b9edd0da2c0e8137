import { PlimsollError } from './errors.js';
import type { Parsed } from './units.js';

/**
 * A command line as words, without a shell: blanks part them; quotes, single or double, and a backslash keep them
 * together, as a POSIX shell would have it. Nothing is expanded.
 */
export function splitCommandLine(text: string): Parsed<string[]> {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\' && quote !== "'") {
      const next = text.charAt(++at);
      // Between double quotes a backslash escapes only what has a meaning there.
      word = `${word ?? ''}${quote === '"' && !/["\\$`]/.test(next) ? '\\' : ''}${next}`;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = `${word ?? ''}${character}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${character}`;
  }
  if (quote !== undefined) return { ok: false, problem: `a quote (${quote}) is not closed` };
  if (word !== undefined) words.push(word);
  if (!words[0]) return { ok: false, problem: 'must name a program' };
  return { ok: true, value: words };
}

/**
 * The program of a command line, and its arguments.
 *
 * @throws PlimsollError `bad_command_line`: scenarios were checked before, so only a record or a file of others gets here.
 */
export function commandWords(text: string): [program: string, ...args: string[]] {
  const words = splitCommandLine(text);
  const [program, ...args] = words.ok ? words.value : [];
  if (program !== undefined) return [program, ...args];
  throw new PlimsollError({
    code: 'bad_command_line',
    message: `this is no command line (${words.ok ? 'it is empty' : words.problem}): ${text}`,
    hint: 'Close its quotes, and name a program.',
    kind: 'usage',
  });
}
