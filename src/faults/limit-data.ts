import { z } from 'zod';
import { sizeBytes } from '../support/unit-schemas.js';
import { formatBytes } from '../support/units.js';
import { defineFault } from './fault.js';
import { connectionShare, direction, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  bytes: sizeBytes
    .refine((bytes) => bytes >= 1, 'must be at least 1B')
    .refine((bytes) => Number.isInteger(bytes), 'must be whole bytes')
    .describe('How much each connection may carry in this direction before it is closed'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'limit-data',
  title: 'Cut after so much data',
  family: 'link',
  description:
    'Each connection is closed when it has carried a given amount, so that answers are cut in the middle, as by a proxy with a body limit or a peer that dies while it sends. ' +
    'It shows whether callers notice an incomplete answer instead of taking it for a whole one.',
  settings,
  duration: 'lasting',
  example: '- { type: limit-data, link: gateway-order, bytes: 4KB }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { name, from, to } = context.targets.link(given.link).plan;
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        { type: 'limit_data', stream: given.direction, toxicity: given.share, attributes: { bytes: given.bytes } },
      ],
      summary: `connections from ${from} to ${to} are closed after ${formatBytes(given.bytes)} (link ${name}, ${given.direction})`,
      judgeTraffic: ({ closedConnections, droppedBytes }) =>
        closedConnections === 0
          ? undefined
          : {
              status: 'confirmed',
              method: 'connections of real traffic that the proxy cut',
              finding: `${closedConnections} connections of real traffic were cut at ${formatBytes(given.bytes)}`,
              measured: { closedConnections, droppedBytes },
            },
      async measure({ link: target, before, partial }) {
        if (partial) return undefined;
        const result = await target.canary(1000 + 3 * Math.max(...before.roundTripsMs));
        // A short answer fits under the limit: then only the system's own traffic can show it.
        if (result.outcome === 'answered' || result.outcome === 'unsupported') return undefined;
        const cut = result.outcome === 'closed' || result.outcome === 'reset';
        return {
          status: cut ? 'confirmed' : 'mismatch',
          method: `${target.plan.protocol} canary through the link, before and after`,
          finding: cut
            ? `the answer to the canary was cut (${result.detail})`
            : `expected a cut answer, but ${result.detail}`,
          measured: { outcome: result.outcome, limitBytes: given.bytes },
        };
      },
    });
  },
});
