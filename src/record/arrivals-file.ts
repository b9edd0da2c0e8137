import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { ArrivalChunk, ArrivalColumns, ArrivalsHeader } from './arrivals.js';
import {
  BYTES_AN_ARRIVAL,
  CHUNK,
  CHUNK_HEADER_BYTES,
  CHUNK_MARKER,
  FILE_HEADER_BYTES,
  MAGIC,
  MOST_ARRIVALS_A_CHUNK,
} from './arrivals-format.js';

export { readArrivals, type ArrivalsRead } from './arrivals-reader.js';

const U32_MAX = 2 ** 32 - 1;

/**
 * Writes `arrivals.bin`, one chunk at a time; the conductor is its only writer. Due times are rounded to whole
 * microseconds: whoever judges should judge what the file holds, so that judging again gives the same.
 *
 * As with the event log, a full disk doesn't stop the run: `problem` says so, what could not be written is kept in
 * memory and tried again with the next chunk. What never gets written is missing from the ledger, and the run can't pass.
 */
export class ArrivalsFile {
  readonly path: string;
  readonly #file: number;
  readonly #streams: number;
  #sequence = 0;
  #arrivals = 0;
  #pending: Buffer[] = [];
  #problem: PlimsollError | undefined;
  #closed = false;

  /** Creates the file, which must not be there yet, and writes its header. */
  static create(path: string, header: ArrivalsHeader): ArrivalsFile {
    try {
      const file = new ArrivalsFile(path, openSync(path, 'ax'), header.streams.length);
      file.#write(fileHeader(header));
      return file;
    } catch (error) {
      throw new PlimsollError({
        code: 'arrivals_file_not_created',
        message: `The arrivals file ${path} could not be created: ${messageOf(error)}.`,
        hint: 'Choose a reports folder that is writable and has space.',
        cause: error,
      });
    }
  }

  private constructor(path: string, file: number, streams: number) {
    this.path = path;
    this.#file = file;
    this.#streams = streams;
  }

  /** The first failure to write, if there was one. */
  get problem(): PlimsollError | undefined {
    return this.#problem;
  }

  /** Arrivals appended so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  append(chunk: ArrivalChunk): void {
    const { columns, stream } = chunk;
    const count = columns.index.length;
    if (stream < 0 || stream >= this.#streams) {
      throw new RangeError(`A chunk names stream ${stream}; the header has ${this.#streams} streams.`);
    }
    if (this.#closed) throw new Error(`${this.path} is closed.`);
    this.#arrivals += count;
    this.#appendRange(stream, columns, 0, count);
    this.#flush();
  }

  /** Brings what there is to the disk and closes the file. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    try {
      fsyncSync(this.#file);
    } catch (error) {
      this.#remember(error);
    }
    closeSync(this.#file);
  }

  /** Chunks of [from, to): cut in two where they are too many, or their due times too far apart for 32 bits. */
  #appendRange(stream: number, columns: ArrivalColumns, from: number, to: number): void {
    if (to <= from) return;
    let first = Infinity;
    let last = -Infinity;
    for (let k = from; k < to; k++) {
      const due = columns.dueUs[k] ?? 0;
      if (due < first) first = due;
      if (due > last) last = due;
    }
    const baseUs = Math.floor(first);
    if (to - from > MOST_ARRIVALS_A_CHUNK || (last - baseUs > U32_MAX && to - from > 1)) {
      const middle = (from + to) >>> 1;
      this.#appendRange(stream, columns, from, middle);
      this.#appendRange(stream, columns, middle, to);
      return;
    }
    this.#pending.push(chunkBytes({ sequence: this.#sequence++, stream, baseUs, columns, from, to }));
  }

  #write(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#flush();
  }

  #flush(): void {
    try {
      for (let first = this.#pending[0]; first; first = this.#pending[0]) {
        const written = writeSync(this.#file, first);
        if (written < first.length) this.#pending[0] = first.subarray(written);
        else this.#pending.shift();
      }
    } catch (error) {
      this.#remember(error);
    }
  }

  #remember(error: unknown): void {
    this.#problem ??= new PlimsollError({
      code: 'arrivals_not_written',
      message: `The arrivals file ${this.path} could not be written: ${messageOf(error)}.`,
      hint: 'Free some space; a run whose arrivals are not on the disk can be judged but not judged again.',
      cause: error,
    });
  }
}

function fileHeader(header: ArrivalsHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(json.length, 8);
  bytes.writeUInt32LE(crc32(json), 12);
  return Buffer.concat([bytes, json]);
}

interface ChunkParts {
  sequence: number;
  stream: number;
  baseUs: number;
  columns: ArrivalColumns;
  from: number;
  to: number;
}

function chunkBytes({ sequence, stream, baseUs, columns, from, to }: ChunkParts): Buffer {
  const count = to - from;
  const bytes = Buffer.alloc(CHUNK_HEADER_BYTES + count * BYTES_AN_ARRIVAL);
  CHUNK_MARKER.copy(bytes, CHUNK.marker);
  bytes.writeUInt32LE(sequence, CHUNK.sequence);
  bytes.writeDoubleLE(baseUs, CHUNK.baseUs);
  bytes.writeUInt32LE(count, CHUNK.count);
  bytes.writeUInt32LE(count * BYTES_AN_ARRIVAL, CHUNK.columnBytes);
  bytes.writeUInt16LE(stream, CHUNK.stream);

  const dueFromBase = new Uint32Array(count);
  for (let k = 0; k < count; k++) dueFromBase[k] = Math.round((columns.dueUs[from + k] ?? 0) - baseUs);
  let at = CHUNK_HEADER_BYTES;
  for (const column of [
    columns.index.subarray(from, to),
    dueFromBase,
    columns.responseUs.subarray(from, to),
    columns.status.subarray(from, to),
    columns.outcome.subarray(from, to),
    columns.request.subarray(from, to),
  ]) {
    const raw = Buffer.from(column.buffer, column.byteOffset, column.byteLength);
    raw.copy(bytes, at);
    if (endianness() === 'BE') swap(bytes.subarray(at, at + raw.length), column.BYTES_PER_ELEMENT);
    at += raw.length;
  }
  bytes.writeUInt32LE(chunkCrc(bytes), CHUNK.crc);
  return bytes;
}

/** Over the header up to the CRC's own place, and the columns. */
function chunkCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(CHUNK_HEADER_BYTES), crc32(bytes.subarray(0, CHUNK.crc)));
}

function swap(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
}
