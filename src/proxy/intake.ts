import type { OnReadOpts } from 'node:net';

/** Where data goes that was read. */
export interface Receiver {
  /** @returns whether `data` may be overwritten now: nobody needs it any more, or it was copied. */
  receive(data: Buffer): boolean;
}

/**
 * What the original reads at most at once, so that a message makes the same chunks for slices, rates and jitter. An idle
 * connection costs less than that: pages that were never written to are not memory yet.
 */
const SMALL_BYTES = 32 * 1024;
/** For streams: the fewer system calls the better, but the processor's cache must hold it. */
const LARGE_BYTES = 256 * 1024;
/** So many large buffers exist at most (64 MiB); the other connections go on with small ones. */
const MOST_LARGE = 256;
/** So many small messages in a row end a stream. */
const SMALL_READS = 16;

/** So many small buffers wait for the next connection: allocating one costs more than the rest of an intake. */
const MOST_SPARE = 128;

let largeBuffers = 0;
const spare: Buffer[] = [];
const NONE = Buffer.alloc(0);

/**
 * What one socket reads into: the same memory again and again, instead of 64 KiB that Node.js allocates for each read. It
 * grows when a read fills it and shrinks when messages are small again.
 */
export class Intake {
  /** Set before the socket is resumed. */
  receiver: Receiver | undefined;
  readonly onread: OnReadOpts;
  #current = allocate(SMALL_BYTES);
  /** The last write of it was not done at once: free as soon as the receiver keeps another. */
  #kept: Buffer | undefined;
  #smallReads = 0;

  constructor() {
    this.onread = {
      buffer: () => this.#current,
      callback: (bytes) => {
        this.#take(bytes);
        return true;
      },
    };
  }

  /** The socket is closed. */
  destroy(): void {
    if (this.#current === NONE) return;
    this.receiver = undefined;
    this.#resize(SMALL_BYTES);
    // The last that was kept may still be in a write; this one is in none.
    if (spare.length < MOST_SPARE) spare.push(this.#current);
    this.#current = NONE;
  }

  #take(bytes: number): void {
    const buffer = this.#current;
    if (this.receiver?.receive(buffer.subarray(0, bytes)) === false) {
      this.#current = this.#kept ?? allocate(buffer.length);
      this.#kept = buffer;
    }
    if (bytes === buffer.length && buffer.length === SMALL_BYTES) {
      this.#resize(LARGE_BYTES);
    } else if (buffer.length === LARGE_BYTES) {
      this.#smallReads = bytes <= SMALL_BYTES ? this.#smallReads + 1 : 0;
      if (this.#smallReads === SMALL_READS) this.#resize(SMALL_BYTES);
    }
  }

  /** What is still being written lives on until it is, but is not used again. */
  #resize(bytes: number): void {
    this.#smallReads = 0;
    if (bytes === this.#current.length || (bytes === LARGE_BYTES && largeBuffers + 2 > MOST_LARGE)) return;
    for (const buffer of [this.#current, this.#kept]) if (buffer?.length === LARGE_BYTES) largeBuffers -= 1;
    this.#kept = undefined;
    this.#current = allocate(bytes);
  }
}

function allocate(bytes: number): Buffer {
  if (bytes === SMALL_BYTES) return spare.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  largeBuffers += 1;
  return Buffer.allocUnsafeSlow(bytes);
}
