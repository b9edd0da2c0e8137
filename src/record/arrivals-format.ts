import { z } from 'zod';

/**
 * The bytes of `arrivals.bin`, little-endian throughout (`docs/records.md`):
 *
 * - file header: magic (8 bytes), length of the JSON header (u32), CRC-32 of the JSON header (u32), the JSON header
 * - chunks: chunk header (32 bytes), then the columns of `count` arrivals of one stream, 16 bytes an arrival
 *
 * The CRC of a chunk covers its header up to the CRC, and its columns.
 */
export const MAGIC = Buffer.from('PLIMARR\n', 'latin1');
export const FILE_HEADER_BYTES = 16;

export const CHUNK_MARKER = Buffer.from('CHNK', 'latin1');
export const CHUNK_HEADER_BYTES = 32;
export const BYTES_AN_ARRIVAL = 16;

/** Offsets in a chunk header. */
export const CHUNK = {
  marker: 0,
  /** u32: 0, 1, 2 … over the whole file: a gap shows a lost chunk. */
  sequence: 4,
  /** f64: microseconds from t0; a whole number. */
  baseUs: 8,
  /** u32 */
  count: 16,
  /** u32: bytes of the columns; count × 16 in version 1. */
  columnBytes: 20,
  /** u16: position in the header's stream table. */
  stream: 24,
  /** u16: zero. */
  reserved: 26,
  /** u32 */
  crc: 28,
} as const;

/** Longer claims are damage: a driver sends a chunk a second, at most a few tens of thousands of arrivals. */
export const MOST_ARRIVALS_A_CHUNK = 1 << 20;

const StreamHeader = z.object({
  name: z.string(),
  model: z.enum(['open', 'closed']),
  ratePerSecond: z.number().optional(),
  arrivals: z.enum(['uniform', 'poisson']).optional(),
  users: z.number().optional(),
  requests: z.array(z.string()).max(255),
  deadlinesUs: z.array(z.number()),
});

export const ArrivalsHeaderSchema = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  seed: z.number(),
  t0Us: z.number(),
  streams: z.array(StreamHeader).max(65_535),
});
