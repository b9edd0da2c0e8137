import { LastSecond } from './second.js';
import type { ToxicDefinition } from './toxic.js';

/** A chunk that takes longer goes out in pieces of this length of time. */
const PIECE_MS = 100;
/** Of what the machine held the line up, so much at most is made good, and no faster than `LastSecond` allows. */
const CARRIED_MS = 20;
/** A chunk that was read so soon after the last was sent had been waiting for it. */
const IDLE_MS = 4;

/**
 * `rate` KB/s (1 KB = 1000 bytes) for each connection and direction. Data comes after its transmission time. What
 * the line was held up by is taken off the next waits; idle time earns no credit. Rate 0 stalls until it is changed.
 */
export default {
  type: 'bandwidth',
  attributes: { rate: 0 },
  // Two reads ahead: the line must not wait for the next read between two chunks.
  queuedChunks: 4,
  refuse: ({ rate = 0 }) => (rate < 0 ? `rate must not be negative, received ${rate}` : undefined),
  behaviour({ rate = 0 }, flow) {
    const second = new LastSecond();
    /** When the line is free again, by transmission times alone. */
    let freeAtMs = 0;
    /** When the last piece was sent, and how late. */
    let sentAtMs = -Infinity;
    let lateMs = 0;

    function transmit(data: Buffer, readAtMs: number): void {
      const pieceBytes = rate * PIECE_MS;
      const piece = data.length > pieceBytes ? data.subarray(0, pieceBytes) : data;
      const lineMs = piece.length / rate;
      freeAtMs += lineMs;
      const dueMs = Math.max(freeAtMs, second.earliest());
      flow.wait(dueMs - performance.now(), { data, readAtMs }, () => {
        const nowMs = performance.now();
        freeAtMs = Math.max(freeAtMs, nowMs - CARRIED_MS);
        sentAtMs = nowMs;
        lateMs = nowMs - freeAtMs;
        second.sent(nowMs, lineMs);
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
        // A chunk that was read while the line was busy is sent right behind; one that found it idle starts the clock anew.
        freeAtMs = Math.max(freeAtMs, readAtMs - (readAtMs - sentAtMs < IDLE_MS ? lateMs : 0));
        transmit(data, readAtMs);
      },
    };
  },
} satisfies ToxicDefinition;
