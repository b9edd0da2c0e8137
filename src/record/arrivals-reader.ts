import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { ArrivalColumns, ArrivalsHeader, StreamHeader } from './arrivals.js';
import {
  ArrivalsHeaderSchema,
  BYTES_AN_ARRIVAL,
  CHUNK,
  CHUNK_HEADER_BYTES,
  CHUNK_MARKER,
  FILE_HEADER_BYTES,
  MAGIC,
  MOST_ARRIVALS_A_CHUNK,
} from './arrivals-format.js';
import { OUTCOMES } from './outcomes.js';

/** No run lasts longer (a month): a time further off is damage, and would cost memory for each second until then. */
const LONGEST_RUN_US = 31 * 86_400e6;

export interface ArrivalsRead {
  header: ArrivalsHeader;
  /** By position in the header's stream table, in the order of the file: not sorted by due time. */
  streams: ArrivalColumns[];
  /** What is missing or damaged, one sentence each. */
  warnings: string[];
  /** The file ends inside a chunk: it was cut, or the run was killed while writing it. */
  torn: boolean;
  /** Chunks that are missing or damaged, as far as their sequence numbers tell. */
  lostChunks: number;
}

/**
 * Reads an `arrivals.bin`, whole, cut or damaged: every chunk whose CRC holds is used, whatever is around it. Goes over
 * the file twice, so that the columns are made at their final size: 16 bytes an arrival (20 where a due time lies beyond
 * 71 minutes) and one chunk's buffer.
 *
 * `fallback` (from the event log) is used when the file's own header is damaged; without it that is an error
 * `arrivals_damaged`. Throws `arrivals_unreadable` when there is no such file, `newer_format` for a newer one.
 */
export function readArrivals(path: string, fallback?: ArrivalsHeader): ArrivalsRead {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw new PlimsollError({
      code: 'arrivals_unreadable',
      message: `The arrivals file ${path} could not be read: ${messageOf(error)}.`,
      hint: 'Give the folder of a run, such as reports/latest.',
      kind: 'usage',
      cause: error,
    });
  }
  try {
    return readAll(new Bytes(descriptor), path, fallback);
  } finally {
    closeSync(descriptor);
  }
}

/** Columns for `count` arrivals, all zero. With `short`, due times are whole numbers from 0 to 2³² − 1. */
export function emptyColumns(count = 0, short = false): ArrivalColumns {
  return {
    index: new Uint32Array(count),
    dueUs: short ? new Uint32Array(count) : new Float64Array(count),
    responseUs: new Uint32Array(count),
    status: new Uint16Array(count),
    outcome: new Uint8Array(count),
    request: new Uint8Array(count),
  };
}

function readAll(bytes: Bytes, path: string, fallback: ArrivalsHeader | undefined): ArrivalsRead {
  const warnings: string[] = [];
  const { header, end } = readHeader(bytes, path, fallback, warnings);
  const { chunks, torn, lostChunks } = findChunks(bytes, end, header.streams, path, warnings);
  const counts = header.streams.map(() => 0);
  const short = header.streams.map(() => true);
  for (const { stream, count, baseUs, lastUs } of chunks) {
    counts[stream] = (counts[stream] ?? 0) + count;
    if (!Number.isInteger(baseUs) || baseUs < 0 || lastUs >= 2 ** 32) short[stream] = false;
  }
  const streams = counts.map((count, stream) => emptyColumns(count, short[stream]));
  const filled = header.streams.map(() => 0);
  for (const chunk of chunks) {
    const target = streams[chunk.stream];
    const from = filled[chunk.stream] ?? 0;
    if (target) decode(bytes, chunk, target, from);
    filled[chunk.stream] = from + chunk.count;
  }
  return { header, streams, warnings, torn, lostChunks };
}

function readHeader(
  bytes: Bytes,
  path: string,
  fallback: ArrivalsHeader | undefined,
  warnings: string[],
): { header: ArrivalsHeader; end: number } {
  const start = bytes.read(0, FILE_HEADER_BYTES);
  let problem = 'it has no header';
  if (start.length === FILE_HEADER_BYTES && start.subarray(0, MAGIC.length).equals(MAGIC)) {
    const length = start.readUInt32LE(8);
    const checksum = start.readUInt32LE(12); // Taken out now: the next read overwrites the buffer.
    const json = length <= bytes.size ? Buffer.from(bytes.read(FILE_HEADER_BYTES, length)) : Buffer.alloc(0);
    if (json.length === length && crc32(json) === checksum) {
      return { header: parseHeader(json.toString('utf8'), path), end: FILE_HEADER_BYTES + length };
    }
    problem = 'its header is damaged';
  }
  if (!fallback) {
    throw new PlimsollError({
      code: 'arrivals_damaged',
      message: `${path} is not an arrivals file of Plimsoll, or ${problem}.`,
      hint: 'Give the folder of the run instead: the event log beside it says what the header said.',
    });
  }
  warnings.push(`${path}: ${problem}; the event log is used in its place.`);
  return { header: fallback, end: Math.min(FILE_HEADER_BYTES, bytes.size) };
}

function parseHeader(json: string, path: string): ArrivalsHeader {
  const parsed = JSON.parse(json) as { formatVersion?: unknown };
  if (typeof parsed.formatVersion === 'number' && parsed.formatVersion > 1) {
    throw new PlimsollError({
      code: 'newer_format',
      message: `${path} has the format version ${parsed.formatVersion}; this Plimsoll reads versions up to 1.`,
      hint: 'Update Plimsoll, or render the run with the version that made it.',
      kind: 'usage',
    });
  }
  return ArrivalsHeaderSchema.parse(parsed) as ArrivalsHeader;
}

interface FoundChunk {
  /** Of its columns, in the file. */
  at: number;
  sequence: number;
  stream: number;
  baseUs: number;
  count: number;
  /** The latest due time. */
  lastUs: number;
}

function findChunks(bytes: Bytes, start: number, streams: StreamHeader[], path: string, warnings: string[]) {
  const chunks: FoundChunk[] = [];
  let at = start;
  let torn = false;
  let lostChunks = 0;
  let expected = 0;
  while (at < bytes.size) {
    const chunk = wholeChunkAt(bytes, at, streams);
    if (chunk) {
      const { sequence, at: columns, count } = chunk.found;
      if (sequence > expected) lostChunks += sequence - expected;
      expected = Math.max(expected, sequence + 1);
      if (!chunk.known) {
        warnings.push(`${path}: chunk ${sequence} holds outcomes or requests that are unknown here; left out.`);
        lostChunks++;
      } else {
        chunks.push(chunk.found);
      }
      at = columns + count * BYTES_AN_ARRIVAL;
      continue;
    }
    const next = nextWholeChunk(bytes, at + 1, streams);
    if (next === undefined) {
      torn = true;
      lostChunks++;
      warnings.push(
        `${path}: the last ${bytes.size - at} bytes are torn (the run was killed, or the file cut); left out.`,
      );
      break;
    }
    warnings.push(`${path}: bytes ${at} to ${next - 1} are damaged and left out.`);
    at = next;
  }
  if (lostChunks > (torn ? 1 : 0))
    warnings.push(
      `${path}: ${lostChunks === 1 ? '1 chunk of arrivals is' : `${lostChunks} chunks of arrivals are`} lost.`,
    );
  return { chunks, torn, lostChunks };
}

/** The chunk at `at` if it is all there, makes sense and its CRC holds; and whether its codes are known here. */
function wholeChunkAt(
  bytes: Bytes,
  at: number,
  streams: StreamHeader[],
): { found: FoundChunk; known: boolean } | undefined {
  const header = bytes.read(at, CHUNK_HEADER_BYTES);
  if (header.length < CHUNK_HEADER_BYTES || !header.subarray(0, 4).equals(CHUNK_MARKER)) return undefined;
  const chunk: FoundChunk = {
    at: at + CHUNK_HEADER_BYTES,
    sequence: header.readUInt32LE(CHUNK.sequence),
    stream: header.readUInt16LE(CHUNK.stream),
    baseUs: header.readDoubleLE(CHUNK.baseUs),
    count: header.readUInt32LE(CHUNK.count),
    lastUs: 0,
  };
  const length = chunk.count * BYTES_AN_ARRIVAL;
  const plausible =
    chunk.count <= MOST_ARRIVALS_A_CHUNK &&
    header.readUInt32LE(CHUNK.columnBytes) === length &&
    chunk.stream < streams.length &&
    Math.abs(chunk.baseUs) <= LONGEST_RUN_US &&
    chunk.at + length <= bytes.size;
  if (!plausible) return undefined;
  const expected = header.readUInt32LE(CHUNK.crc);
  const ofHeader = crc32(header.subarray(0, CHUNK.crc));
  const columns = bytes.read(chunk.at, length);
  if (crc32(columns, ofHeader) !== expected) return undefined;
  return { found: { ...chunk, lastUs: lastDue(columns, chunk) }, known: hasKnownCodes(columns, chunk, streams) };
}

function lastDue(columns: Buffer, { baseUs, count }: FoundChunk): number {
  const due = new DataView(columns.buffer, columns.byteOffset + count * 4, count * 4);
  let last = 0;
  for (let k = 0; k < count; k++) last = Math.max(last, due.getUint32(k * 4, true));
  return baseUs + last;
}

/** The offset of the next whole chunk at or after `from`. */
function nextWholeChunk(bytes: Bytes, from: number, streams: StreamHeader[]): number | undefined {
  const step = 1 << 20;
  for (let at = from; at < bytes.size; at += step) {
    // Overlaps by a marker's length, so that one across the border is seen. Copied: a look at a candidate reuses the buffer.
    const block = Buffer.from(bytes.read(at, step + CHUNK_MARKER.length - 1));
    for (let hit = block.indexOf(CHUNK_MARKER); hit >= 0; hit = block.indexOf(CHUNK_MARKER, hit + 1)) {
      if (wholeChunkAt(bytes, at + hit, streams)) return at + hit;
    }
  }
  return undefined;
}

/** A newer writer may know more outcomes; a chunk with one would be read wrongly. */
function hasKnownCodes(columns: Buffer, { count, stream }: FoundChunk, streams: StreamHeader[]): boolean {
  const requests = streams[stream]?.requests.length ?? 0;
  for (let k = count * 14; k < count * 15; k++) if ((columns[k] ?? 0) >= OUTCOMES.length) return false;
  for (let k = count * 15; k < count * 16; k++) if ((columns[k] ?? 0) >= requests) return false;
  return true;
}

function decode(bytes: Bytes, chunk: FoundChunk, target: ArrivalColumns, from: number): void {
  const { count, baseUs } = chunk;
  const raw = bytes.read(chunk.at, count * BYTES_AN_ARRIVAL);
  if (endianness() === 'BE') {
    raw.subarray(0, count * 12).swap32();
    raw.subarray(count * 12, count * 14).swap16();
  }
  // The buffer starts at offset 0 of its memory, so each column is aligned.
  const memory = raw.buffer as ArrayBuffer;
  target.index.set(new Uint32Array(memory, raw.byteOffset, count), from);
  const due = new Uint32Array(memory, raw.byteOffset + count * 4, count);
  for (let k = 0; k < count; k++) target.dueUs[from + k] = baseUs + (due[k] ?? 0);
  target.responseUs.set(new Uint32Array(memory, raw.byteOffset + count * 8, count), from);
  target.status.set(new Uint16Array(memory, raw.byteOffset + count * 12, count), from);
  target.outcome.set(raw.subarray(count * 14, count * 15), from);
  target.request.set(raw.subarray(count * 15, count * 16), from);
}

/** Random access to a file through one buffer that grows to the largest piece asked for; each read overwrites the last. */
class Bytes {
  readonly size: number;
  readonly #descriptor: number;
  #buffer = Buffer.from(new ArrayBuffer(1 << 20));

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** Up to `length` bytes from `at`: fewer at the end of the file. Valid until the next read. */
  read(at: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - at));
    if (wanted > this.#buffer.length) this.#buffer = Buffer.from(new ArrayBuffer(wanted));
    let filled = 0;
    while (filled < wanted) {
      const got = readSync(this.#descriptor, this.#buffer, filled, wanted - filled, at + filled);
      if (got === 0) break;
      filled += got;
    }
    return this.#buffer.subarray(0, filled);
  }
}
