import type { ToxicDefinition } from './toxic.js';

/** A chunk that takes longer goes out in pieces of this length of time. */
const PIECE_MS = 100;
/** Of what a timer was late by, so much at most is made good: a second carries 100.4 % of its bytes at most. */
const CARRIED_MS = 4;

/**
 * `rate` KB/s (1 KB = 1000 bytes) for each connection and direction. Data comes after its transmission time. What a
 * timer was late by is taken off the next waits; idle time earns no credit. Rate 0 stalls until it is changed.
 */
export default {
  type: 'bandwidth',
  attributes: { rate: 0 },
  // Two reads ahead: the line must not wait for the next read between two chunks.
  queuedChunks: 4,
  refuse: ({ rate = 0 }) => (rate < 0 ? `rate must not be negative, received ${rate}` : undefined),
  behaviour({ rate = 0 }, flow) {
    /** When the line is free again, by transmission times alone. */
    let freeAtMs = 0;
    /** How late the last timer was. */
    let lateMs = 0;

    function transmit(data: Buffer, readAtMs: number): void {
      const pieceBytes = rate * PIECE_MS;
      const piece = data.length > pieceBytes ? data.subarray(0, pieceBytes) : data;
      freeAtMs += piece.length / rate;
      flow.wait(freeAtMs - performance.now(), { data, readAtMs }, () => {
        const nowMs = performance.now();
        freeAtMs = Math.max(freeAtMs, nowMs - CARRIED_MS);
        lateMs = nowMs - freeAtMs;
        flow.send(piece, readAtMs);
        if (piece.length < data.length) transmit(data.subarray(piece.length), readAtMs);
      });
    }

    return {
      take(data, readAtMs) {
        if (rate === 0) {
          flow.wait(Infinity, { data, readAtMs }, () => undefined);
          return;
        }
        // A chunk that was read while the line was busy, or was late itself, is sent right behind; one that found it idle
        // starts the clock anew.
        freeAtMs = Math.max(freeAtMs, readAtMs - lateMs);
        transmit(data, readAtMs);
      },
    };
  },
} satisfies ToxicDefinition;
