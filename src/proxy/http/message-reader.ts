import type { Framing } from './head.js';

/** A head longer than this is not looked at: its bytes pass, and all that follow. */
const HEAD_LIMIT_BYTES = 64 * 1024;
/** Of a chunk's size with its extensions, or of a trailer field. */
const LINE_LIMIT_BYTES = 8 * 1024;
const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

export type Step =
  /** All of the data belongs to the head or body that is being read, and more is needed. */
  | 'more'
  /** A head is complete: see `head`. The reader wants to be told with `body` how the message goes on. */
  | 'head'
  /** The message is complete. */
  | 'end'
  /** No message by the rules. Where its head was being read, `takeHeld` gives back what was taken of it before. */
  | 'malformed';

/** Finds the borders of HTTP/1 messages in a stream of bytes that comes in any pieces. It changes and stores no body. */
export class MessageReader {
  /** The bytes of the last head, with everything that stands before its body. */
  head: Buffer = Buffer.alloc(0);
  #held: Buffer = Buffer.alloc(0);
  #state: 'head' | 'length' | 'until-close' | 'size' | 'data' | 'data-end' | 'trailer' = 'head';
  /** Of the body or the chunk. */
  #bytesLeft = 0;
  #line = '';

  /** @param couldBegin may a head begin so? Asked while it is incomplete: what can't become one must not be held up. */
  constructor(private readonly couldBegin: (text: string) => boolean) {}

  get inHead(): boolean {
    return this.#state === 'head';
  }

  /** Gives back what was taken of a head that is not complete. */
  takeHeld(): Buffer {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held;
  }

  /** The text of the head, without its last, empty line. */
  get headText(): string {
    return this.head.toString('latin1', leadingLineEnds(this.head), this.head.length - HEAD_END.length);
  }

  /** How the message goes on behind its head. Without a body the next head follows. */
  body(framing: Framing): void {
    this.#bytesLeft = framing.kind === 'length' ? framing.bytes : 0;
    this.#line = '';
    if (framing.kind === 'none') this.#state = 'head';
    else if (framing.kind === 'chunked') this.#state = 'size';
    else this.#state = framing.kind;
  }

  /** Reads on from `start`, up to the next thing worth knowing. @returns that, and where it ends */
  read(data: Buffer, start: number): { step: Step; next: number } {
    if (this.#state === 'head') return this.#readHead(data, start);
    let next = start;
    while (next < data.length) {
      switch (this.#state) {
        case 'until-close':
          return { step: 'more', next: data.length };
        case 'length':
        case 'data': {
          const taken = Math.min(this.#bytesLeft, data.length - next);
          next += taken;
          this.#bytesLeft -= taken;
          if (this.#bytesLeft > 0) break;
          if (this.#state === 'length') return this.#end(next);
          this.#state = 'data-end';
          break;
        }
        default: {
          const end = data.indexOf('\n', next);
          const upTo = end < 0 ? data.length : end + 1;
          this.#line += data.toString('latin1', next, upTo);
          next = upTo;
          if (this.#line.length > LINE_LIMIT_BYTES) return { step: 'malformed', next };
          if (end < 0) break;
          const after = this.#lineEnded(this.#line);
          this.#line = '';
          if (after === 'malformed') return { step: 'malformed', next };
          if (after === 'end') return this.#end(next);
        }
      }
    }
    return { step: 'more', next };
  }

  #readHead(data: Buffer, start: number): { step: Step; next: number } {
    const before = this.#held.length;
    const all = before === 0 ? data.subarray(start) : Buffer.concat([this.#held, data.subarray(start)]);
    const from = leadingLineEnds(all);
    const end = all.indexOf(HEAD_END, Math.max(from, before - HEAD_END.length + 1), 'latin1');
    const length = end < 0 ? all.length : end + HEAD_END.length;
    if (length > HEAD_LIMIT_BYTES || (end < 0 && !this.couldBegin(all.toString('latin1', from)))) {
      return { step: 'malformed', next: start };
    }
    if (end < 0) {
      this.#held = all;
      return { step: 'more', next: data.length };
    }
    this.#held = Buffer.alloc(0);
    this.head = all.subarray(0, length);
    return { step: 'head', next: start + length - before };
  }

  #lineEnded(line: string): 'more' | 'end' | 'malformed' {
    if (!line.endsWith(LINE_END)) return 'malformed';
    const text = line.slice(0, -LINE_END.length);
    switch (this.#state) {
      case 'size': {
        const [, digits] = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(text) ?? [];
        if (digits === undefined) return 'malformed';
        this.#bytesLeft = Number.parseInt(digits, 16);
        this.#state = this.#bytesLeft === 0 ? 'trailer' : 'data';
        return 'more';
      }
      case 'data-end':
        this.#state = 'size';
        return text === '' ? 'more' : 'malformed';
      default:
        return text === '' ? 'end' : 'more';
    }
  }

  #end(next: number): { step: Step; next: number } {
    this.#state = 'head';
    return { step: 'end', next };
  }
}

/** Empty lines before a message, which old clients send behind a body; at most two. */
function leadingLineEnds(data: Buffer): number {
  let length = 0;
  while (length < 4 && data[length] === 13 && data[length + 1] === 10) length += 2;
  return length;
}
