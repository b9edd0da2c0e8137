import { messageOf } from './errors.js';

/** Does a command line, its words joined by single blanks, fit? */
export type CommandPattern = (commandLine: string) => boolean;

/** Reads a pattern for command lines: `/…/` is a regular expression, anything else a text that the line must contain. */
export function commandPattern(text: string): { ok: true; fits: CommandPattern } | { ok: false; problem: string } {
  const expression = /^\/(.+)\/$/s.exec(text)?.[1];
  if (expression === undefined) {
    return text.trim() === ''
      ? { ok: false, problem: 'a pattern of blanks would fit every command line' }
      : { ok: true, fits: (line) => line.includes(text) };
  }
  try {
    const compiled = new RegExp(expression, 'u');
    return { ok: true, fits: (line) => compiled.test(line) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}
