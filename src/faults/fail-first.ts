import { z } from 'zod';
import { defineFault } from './fault.js';
import { requirePlimsollProxy } from './shared/http-settings.js';
import { ending, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  connections: z
    .int('expected a whole number')
    .min(1)
    .max(1_000_000)
    .describe('So many new connections fail; those that come later pass'),
  ending,
  existing: z
    .enum(['keep', 'end'])
    .default('keep')
    .describe('What becomes of the connections that are open at the injection; with `end`, callers must dial anew'),
});

export default defineFault({
  type: 'fail-first',
  title: 'The first connections fail',
  family: 'link',
  description:
    'The next new connections over the link fail as soon as they are made, and then everything is well, although nothing was undone: as while a service restarts, or a load balancer learns of a new backend. ' +
    'It shows whether callers try again at a sensible pace, and whether they come back by themselves when the trouble is over.',
  settings,
  duration: 'lasting',
  needsPlimsollProxy: true,
  example: '- { type: fail-first, link: gateway-order, connections: 5, existing: end }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const target = context.targets.link(given.link);
    requirePlimsollProxy(target, 'fail-first');
    const { name, from, to } = target.plan;
    const { connections, existing } = given;
    const words = given.ending === 'reset' ? 'are reset' : 'are closed';
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'fail_first',
          stream: 'downstream',
          toxicity: 1,
          attributes: { connections, ending: given.ending, existing },
        },
      ],
      summary: `the next ${connections} connections from ${from} to ${to} ${words}${existing === 'end' ? ', after all that are open' : ''} (link ${name})`,
      // No canary is asked while the toxic is there: it would be one of the first.
      judgeTraffic: ({ hits = 0, closedConnections }) =>
        hits === 0
          ? undefined
          : {
              status: 'confirmed',
              method: 'new connections of the system, counted by the proxy',
              finding: `${hits} of ${connections} connections to fail have failed so far`,
              measured: { hits, connections, closedConnections },
            },
    });
  },
});
