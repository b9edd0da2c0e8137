import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const RUN_ID_LENGTH = 8;
export const RUN_ID = /^[0-9a-z]{8}$/;

/**
 * A new run id: 8 characters of [0-9a-z], 41 bits. It must differ between runs of the same scenario and seed, so it
 * comes from the system's entropy and not from the seed; `bytes` is for tests.
 */
export function newRunId(bytes: (count: number) => Uint8Array = randomBytes): string {
  let id = '';
  while (id.length < RUN_ID_LENGTH) {
    for (const byte of bytes(RUN_ID_LENGTH * 2)) {
      // 252 = 7 × 36: a byte above it would make the first characters likelier than the others.
      if (byte < 252 && id.length < RUN_ID_LENGTH) id += ALPHABET[byte % 36];
    }
  }
  return id;
}
