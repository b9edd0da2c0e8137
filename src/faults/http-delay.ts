import { z } from 'zod';
import { PlimsollError } from '../support/errors.js';
import { durationMs } from '../support/unit-schemas.js';
import { formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { delayLimits, judgeDelay, measureDelay } from './shared/delay-proof.js';
import {
  canaryIsHit,
  httpTargeting,
  requireHttp,
  targetingAttributes,
  targetingWords,
} from './shared/http-settings.js';
import { link, toxicMs } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  delay: toxicMs.describe('How much later a request reaches the service'),
  jitter: durationMs
    .default(0)
    .describe('The delay varies evenly by up to this much in both directions; at most `delay`'),
  ...httpTargeting,
});

export default defineFault({
  type: 'http-delay',
  title: 'Late requests',
  family: 'link',
  description:
    'Requests reach the service late, each once, however many packets it has: as from a queue in front of a worker pool, a slow authorization step, or a collector that stops the world. ' +
    'Where `latency` slows down all that crosses a connection, this can hit a share of the requests: it shows what a long tail does to callers that fan out, pool connections or hedge.',
  settings,
  duration: 'lasting',
  needsPlimsollProxy: true,
  example: '- { type: http-delay, link: gateway-order, delay: 200ms, jitter: 50ms, requestShare: 10% }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const target = context.targets.link(given.link);
    requireHttp(target, 'http-delay');
    if (given.jitter > given.delay) {
      throw new PlimsollError({
        code: 'bad_setting',
        message: `http-delay: the jitter (${formatMs(given.jitter)}) is larger than the delay (${formatMs(given.delay)})`,
        hint: 'Nothing can arrive before it was sent: lower `jitter` or raise `delay`.',
        kind: 'usage',
      });
    }
    const { name, from, to } = target.plan;
    const limits = delayLimits(given.delay, given.jitter);
    const howMuch = given.jitter > 0 ? `${formatMs(given.delay)} ± ${formatMs(given.jitter)}` : formatMs(given.delay);
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'http_delay',
          stream: 'downstream',
          toxicity: 1,
          attributes: {
            delay: Math.round(given.delay),
            jitter: Math.round(given.jitter),
            ...targetingAttributes(given),
          },
        },
      ],
      summary: `${targetingWords(given)} of ${from} reach ${to} ${howMuch} late (link ${name})`,
      async measure(evidence) {
        if (!canaryIsHit(target, given)) return undefined;
        return measureDelay({ ...evidence, partial: given.requestShare < 1 }, given.delay, limits, given.jitter > 0);
      },
      judgeTraffic: ({ hits = 0, meanDelayMs }) =>
        // As with `latency`: a mean that is too long may come down.
        hits === 0 || meanDelayMs === null || meanDelayMs > limits.highMs
          ? undefined
          : judgeDelay(meanDelayMs, given.delay, limits, `delay of ${hits} real requests, measured by the proxy`, {
              hits,
            }),
    });
  },
});
