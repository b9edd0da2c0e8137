import { around } from '../random.js';
import type { ToxicDefinition } from './toxic.js';

/** A delay above this overflows the original's clock (2^63 ns) and is no delay at all. */
const OVERFLOW_MS = 9_223_372_036_854;

/**
 * Each chunk leaves `latency` ms after it was read, plus a whole number from -jitter to jitter - 1. In order, and
 * pipelined: a constant latency costs no throughput.
 */
export default {
  type: 'latency',
  attributes: { latency: 0, jitter: 0 },
  queuedChunks: 1024,
  behaviour: ({ latency = 0, jitter = 0 }, flow) => ({
    take(data, readAtMs) {
      const delayMs = latency + around(flow.random, jitter);
      if (delayMs <= 0 || delayMs > OVERFLOW_MS) {
        flow.send(data, readAtMs);
        return;
      }
      const dueMs = readAtMs + delayMs;
      flow.wait(dueMs - performance.now(), { data, readAtMs }, () => flow.send(data, dueMs));
    },
  }),
} satisfies ToxicDefinition;
