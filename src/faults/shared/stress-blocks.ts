import { randomFillSync } from 'node:crypto';

/** In one piece: small enough to stop in time, large enough to be quick. */
export const BLOCK_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = 4096;
/** Others take their part meanwhile: close to the reserve, a little less than stated is all that can be had. */
export const ENOUGH = 0.97;

/**
 * Fills blocks with data that nobody can make smaller: random, so that it cannot be compressed, and each page with a
 * number of its own, so that no two are the same and can be merged.
 */
export class Filler {
  readonly #template = randomFillSync(Buffer.allocUnsafeSlow(BLOCK_BYTES));
  #page = 0n;

  /** Overwrites all of it. */
  fill(block: Buffer): Buffer {
    this.#template.copy(block, 0, 0, block.length);
    for (let at = 0; at + 8 <= block.length; at += PAGE_BYTES) block.writeBigUInt64LE(this.#page++, at);
    return block;
  }
}
