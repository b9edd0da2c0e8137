import type { Canary } from '../canary.js';
import { exchange } from './exchange.js';

/** Sends the scenario's bytes and waits for its text. */
export const tcp: Canary = {
  unsupported: (canary) =>
    canary?.send === undefined || canary.expect === undefined
      ? 'a plain TCP link has no question of its own; give the link `canary: { send, expect }`'
      : undefined,
  ask: async (at, canary, signal, tell) => {
    const expected = Buffer.from(unescape(canary?.expect ?? ''), 'latin1');
    return exchange(at, signal, tell, {
      question: Buffer.from(unescape(canary?.send ?? ''), 'latin1'),
      complete: (answer) => answer.includes(expected),
    });
  },
};

/** `\r \n \t \0 \\ \xNN` as in JavaScript; one character is one byte. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|([rnt0\\]))/g,
    (_, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' }[letter ?? ''] ?? '';
    },
  );
}
