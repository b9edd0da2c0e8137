import { z } from 'zod';
import { PlimsollError } from '../support/errors.js';
import { formatMs } from '../support/units.js';
import { durationMs } from '../support/unit-schemas.js';
import { defineFault } from './fault.js';
import { delayLimits, judgeDelay, measureDelay } from './shared/delay-proof.js';
import { connectionShare, direction, link, toxicMs } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  latency: toxicMs.describe('How much later everything arrives'),
  jitter: durationMs
    .default(0)
    .describe('The delay varies evenly by up to this much in both directions; at most `latency`'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'latency',
  title: 'Added latency',
  family: 'link',
  description:
    'Everything that crosses the link arrives later, as over a longer or busier network, or from a dependency that has become slow. ' +
    'It shows whether callers have time limits, whether a slow dependency fills their queues and connection pools, and whether retries make it worse.',
  settings,
  duration: 'lasting',
  example: '- { type: latency, link: order-payment, latency: 150ms, jitter: 10ms }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { plan } = context.targets.link(given.link);
    if (given.jitter > given.latency) {
      throw new PlimsollError({
        code: 'bad_setting',
        message: `latency: the jitter (${formatMs(given.jitter)}) is larger than the latency (${formatMs(given.latency)})`,
        hint: 'Nothing can arrive before it was sent: lower `jitter` or raise `latency`.',
        kind: 'usage',
      });
    }
    const who = given.direction === 'downstream' ? `${plan.to} answers` : `${plan.from} reaches ${plan.to}`;
    const howMuch =
      given.jitter > 0 ? `${formatMs(given.latency)} ± ${formatMs(given.jitter)}` : formatMs(given.latency);
    const onWhat = given.share < 1 ? ` on ${Math.round(given.share * 100)} % of the connections` : '';
    const limits = delayLimits(given.latency, given.jitter);
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'latency',
          stream: given.direction,
          toxicity: given.share,
          attributes: { latency: Math.round(given.latency), jitter: Math.round(given.jitter) },
        },
      ],
      summary: `${who} ${howMuch} late${onWhat} (link ${plan.name}, ${given.direction})`,
      measure: async (evidence) => measureDelay(evidence, given.latency, limits, given.jitter > 0),
      judgeTraffic: ({ chunks, meanDelayMs }) =>
        // A mean that is too long may be a busy machine's, and come down.
        chunks === 0 || meanDelayMs === null || meanDelayMs > limits.highMs
          ? undefined
          : judgeDelay(
              meanDelayMs,
              given.latency,
              limits,
              `delay of ${chunks} chunks of real traffic, measured by the proxy`,
              { chunks },
            ),
    });
  },
});
