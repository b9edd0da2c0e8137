import { z } from 'zod';
import { share } from '../support/unit-schemas.js';
import { defineFault } from './fault.js';
import { judgeHits } from './shared/hits-proof.js';
import { requirePlimsollProxy } from './shared/http-settings.js';
import { connectionShare, direction, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  loss: share
    .refine((ratio) => ratio > 0, 'must be above 0%: a fault that drops nothing is none')
    .describe('The share of pieces of data (what arrives at once, at most 32 KiB) that are dropped'),
  correlation: share
    .default(0)
    .describe('How much more is dropped right behind a dropped piece: with it, losses come in bursts'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'packet-loss',
  title: 'Lost data',
  family: 'link',
  description:
    'Pieces of what crosses the link are lost for good and the connection lives on, as behind a broken middlebox or a peer that drops messages under load. ' +
    'TCP itself would send a lost packet again; this is worse: answers are missing or have holes. It shows whether callers have time limits for each request, notice a damaged answer, and give up a connection that went wrong.',
  settings,
  duration: 'lasting',
  needsPlimsollProxy: true,
  example: '- { type: packet-loss, link: gateway-order, loss: 5% }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const target = context.targets.link(given.link);
    requirePlimsollProxy(target, 'packet-loss');
    const { name, from, to } = target.plan;
    const percent = Math.round(given.loss * 1000) / 10;
    const what = given.direction === 'downstream' ? `answers of ${to}` : `what ${from} sends to ${to}`;
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'packet_loss',
          stream: given.direction,
          toxicity: given.share,
          attributes: { loss_rate: given.loss, correlation: given.correlation },
        },
      ],
      summary: `${percent} % of ${what} is lost (link ${name}, ${given.direction})`,
      judgeTraffic: (seen) =>
        judgeHits(seen, { share: given.loss, tries: seen.chunks, what: 'chunks', words: 'were dropped' }),
    });
  },
});
