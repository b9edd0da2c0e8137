import { z } from 'zod';
import { defineFault } from './fault.js';
import { judgeHits } from './shared/hits-proof.js';
import {
  canaryIsHit,
  httpTargeting,
  requireHttp,
  targetingAttributes,
  targetingWords,
} from './shared/http-settings.js';
import { measureNoAnswer } from './shared/link-proof.js';
import { ending, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({ link, ending, ...httpTargeting });

export default defineFault({
  type: 'http-abort',
  title: 'Connections that end at a request',
  family: 'link',
  description:
    'A request gets no answer: its connection ends instead, and the service never sees it, as when a server closes an idle connection just as the next request comes, or a load balancer takes a backend away. ' +
    'Where `reset-peer` hits whole connections, this can hit a share of the requests: it shows whether callers retry only what is safe to repeat.',
  settings,
  duration: 'lasting',
  needsPlimsollProxy: true,
  example: '- { type: http-abort, link: gateway-order, requestShare: 20% }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const target = context.targets.link(given.link);
    requireHttp(target, 'http-abort');
    const { name, from, to } = target.plan;
    const words = given.ending === 'reset' ? 'are reset' : 'are closed';
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'http_abort',
          stream: 'downstream',
          toxicity: 1,
          attributes: { ending: given.ending, ...targetingAttributes(given) },
        },
      ],
      summary: `connections from ${from} to ${to} ${words} at ${targetingWords(given)} (link ${name})`,
      async measure(evidence) {
        if (!canaryIsHit(target, given)) return undefined;
        const expected = given.ending === 'reset' ? (['reset'] as const) : (['closed'] as const);
        return measureNoAnswer({ ...evidence, partial: given.requestShare < 1 }, expected, 0);
      },
      judgeTraffic: (seen) =>
        judgeHits(seen, {
          share: given.requestShare,
          tries: seen.requests ?? 0,
          what: 'requests',
          words: 'ended with their connection',
        }),
    });
  },
});
