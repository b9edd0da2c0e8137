/**
 * The embedded proxy beside the original, in one run: direct, the real Toxiproxy, ours, and haproxy in TCP mode, which
 * does the least that a proxy can. What is not installed is left out, with a line that says so.
 *
 *     npm run build && node bench/proxy.js [--rounds 5] [--only memory,round-trips,bulk,connections,accuracy]
 *
 * Rounds are interleaved, so that a busy moment of the machine meets all of them; figures are medians of the rounds.
 * Origin, proxies and client are processes of their own. Compare the ratios, not the figures of two runs.
 */
import { parseArgs } from 'node:util';
import { compareAccuracy } from './proxy/accuracy.js';
import { measureBulk } from './proxy/bulk.js';
import { measureConnections } from './proxy/connections.js';
import { measureMemory } from './proxy/memory.js';
import { measureRoundTrips } from './proxy/round-trips.js';
import { startWays } from './proxy/ways.js';

/** Memory first: afterwards the processes hold what the other parts made them take. */
const PARTS = {
  memory: measureMemory,
  'round-trips': measureRoundTrips,
  bulk: measureBulk,
  connections: measureConnections,
  accuracy: compareAccuracy,
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: Object.keys(PARTS).join(',') },
  },
});
const { ways, stop } = await startWays();
try {
  for (const part of values.only.split(',')) {
    const measure = PARTS[part];
    if (!measure) throw new Error(`no part is called ${part}: choose from ${Object.keys(PARTS).join(', ')}`);
    await measure(ways, Number(values.rounds));
  }
} finally {
  await stop();
}
