import { PlimsollError } from '../support/errors.js';

/**
 * An error as people read it: `error[code] message`, the place with its frame, the hint. A known error shows its stack
 * only with `--debug`; an unknown one is a bug and always does.
 */
export function formatError(error: unknown, options: { debug: boolean; colour: boolean }): string {
  const red = (text: string) => (options.colour ? `\u001b[31m${text}\u001b[39m` : text);
  if (!(error instanceof PlimsollError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${red('error[internal]')} this is a bug in Plimsoll; please report it with the lines below\n${stack}\n`;
  }
  const lines = [`${red(`error[${error.code}]`)} ${error.message}`];
  if (error.location) {
    const { file, line, column, frame } = error.location;
    lines.push(`  at ${[file, line, column].filter((part) => part !== undefined).join(':')}`);
    if (frame) lines.push(frame);
  }
  if (error.hint) lines.push(`  hint: ${error.hint}`);
  if (options.debug && error.stack) lines.push(error.stack);
  return `${lines.join('\n')}\n`;
}
