import type { ToxicDefinition } from './toxic.js';

/**
 * Lets `bytes` pass for each connection and direction, cuts there, and closes as soon as that many were sent. The count
 * survives updates.
 */
export default {
  type: 'limit_data',
  attributes: { bytes: 0 },
  behaviour: ({ bytes = 0 }, flow) => ({
    take(data, readAtMs) {
      const room = Math.max(0, bytes - flow.memory.bytes);
      const passing = data.length > room ? data.subarray(0, room) : data;
      if (passing.length > 0) {
        flow.memory.bytes += passing.length;
        flow.send(passing, readAtMs);
      }
      if (passing.length < data.length) flow.drop(data.subarray(passing.length));
      if (flow.memory.bytes >= bytes) flow.close('toxic');
    },
  }),
} satisfies ToxicDefinition;
