import { z } from 'zod';
import { durationMs } from '../support/unit-schemas.js';
import { formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { measureNoAnswer } from './shared/link-proof.js';
import { connectionShare, direction, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  timeout: durationMs
    // The real server cannot be stopped in this wait: it would hold up the undo.
    .refine((ms) => ms <= 5000, 'must be at most 5s: Toxiproxy takes no other order for the proxy while it waits')
    .default(0)
    .describe('How long after the first data the connection is reset'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'reset-peer',
  title: 'Reset connections',
  family: 'link',
  description:
    'Connections over the link end with a TCP reset as soon as data crosses, as when a load balancer forgets its table or a peer crashes and comes back. ' +
    'It shows whether callers retry only what is safe to repeat, and whether their connection pools recover.',
  settings,
  duration: 'lasting',
  example: '- { type: reset-peer, link: gateway-order }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { name, from, to } = context.targets.link(given.link).plan;
    const when = given.timeout > 0 ? `${formatMs(given.timeout)} after the first data` : 'at the first data';
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'reset_peer',
          stream: given.direction,
          toxicity: given.share,
          attributes: { timeout: Math.round(given.timeout) },
        },
      ],
      summary: `connections from ${from} to ${to} are reset ${when} (link ${name}, ${given.direction})`,
      measure: async (evidence) => measureNoAnswer(evidence, ['reset'], given.timeout),
      judgeTraffic: ({ closedConnections, droppedBytes }) =>
        closedConnections === 0
          ? undefined
          : {
              status: 'confirmed',
              method: 'connections of real traffic that the proxy reset',
              finding: `${closedConnections} connections of real traffic were reset`,
              measured: { closedConnections, droppedBytes },
            },
    });
  },
});
