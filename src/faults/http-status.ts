import { z } from 'zod';
import { defineFault } from './fault.js';
import { judgeHits } from './shared/hits-proof.js';
import { httpTargeting, requireHttp, targetingAttributes, targetingWords } from './shared/http-settings.js';
import { link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  status: z.int('expected a whole number').min(200).max(599).default(503).describe('The status of the answer'),
  body: z.string().default('').describe('The body of the answer'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headers of the answer, such as `Retry-After`; its length and the connection are told by the proxy'),
  ...httpTargeting,
});

export default defineFault({
  type: 'http-status',
  title: 'Answers with an error status',
  family: 'link',
  description:
    'Requests are answered with a status of your choice and do not reach the service, as by a gateway that sheds load, a service that is overloaded, or one that was deployed with a defect. ' +
    'It shows what callers make of a failure that comes at once and is well spoken: do they retry what they should not, do they heed `Retry-After`, do they pass it on?',
  settings,
  duration: 'lasting',
  needsPlimsollProxy: true,
  example: '- { type: http-status, link: gateway-order, status: 503, requestShare: 30% }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const link = context.targets.link(given.link);
    requireHttp(link, 'http-status');
    const { status, body, headers } = given;
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'http_status',
          stream: 'downstream',
          toxicity: 1,
          attributes: { status, body, headers, ...targetingAttributes(given) },
        },
      ],
      summary: `${targetingWords(given)} from ${link.plan.from} to ${link.plan.to} are answered with ${status} (link ${link.plan.name})`,
      judgeTraffic: (seen) =>
        judgeHits(seen, {
          share: given.requestShare,
          tries: seen.requests ?? 0,
          what: 'requests',
          words: `were answered with ${status}`,
        }),
    });
  },
});
