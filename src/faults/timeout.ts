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
    .refine((ms) => ms === 0 || ms >= 1, 'must be 0ms (connections stay open) or at least 1ms')
    .refine((ms) => ms <= 3_600_000, 'must be at most 1h')
    .default(0)
    .describe('Connections are closed after this much silence; 0ms: never, they just hang'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'timeout',
  title: 'No answer',
  family: 'link',
  description:
    'The link accepts connections and data, but nothing arrives: a black hole, as behind a dropped firewall rule or a hung dependency. ' +
    'It shows whether callers have time limits at all, and what they hold (workers, connections, locks) while they wait.',
  settings,
  duration: 'lasting',
  example: '- { type: timeout, link: order-payment, timeout: 0ms }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { name, from, to } = context.targets.link(given.link).plan;
    const what =
      given.direction === 'downstream' ? `answers of ${to} do not arrive` : `what ${from} sends does not reach ${to}`;
    const end = given.timeout > 0 ? `, connections are closed after ${formatMs(given.timeout)}` : ', connections hang';
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'timeout',
          stream: given.direction,
          toxicity: given.share,
          attributes: { timeout: Math.round(given.timeout) },
        },
      ],
      summary: `${what}${end} (link ${name}, ${given.direction})`,
      measure: async (evidence) => measureNoAnswer(evidence, ['timeout', 'closed'], Math.min(given.timeout, 500)),
      judgeTraffic: ({ droppedBytes, chunks }) =>
        droppedBytes === 0
          ? undefined
          : {
              status: 'confirmed',
              method: 'bytes of real traffic that the proxy dropped',
              finding: `${droppedBytes} bytes of real traffic were dropped`,
              measured: { droppedBytes, chunks },
            },
    });
  },
});
