import { z } from 'zod';
import { PlimsollError } from '../support/errors.js';
import { durationMs, sizeBytes } from '../support/unit-schemas.js';
import { formatBytes, formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { connectionShare, direction, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  averageSize: sizeBytes
    .refine((bytes) => Number.isInteger(bytes) && bytes >= 1, 'must be whole bytes, at least 1B')
    .describe('The size of the pieces'),
  sizeVariation: sizeBytes
    .refine((bytes) => Number.isInteger(bytes), 'must be whole bytes')
    .default(0)
    .describe('How much the size varies in both directions; less than `averageSize`'),
  delay: durationMs
    .refine((ms) => ms <= 10_000, 'must be at most 10s')
    .default(0)
    .describe('A pause after each piece, to the microsecond'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'slicer',
  title: 'Sliced data',
  family: 'link',
  description:
    'Data arrives in many small pieces with pauses, as over a radio link or through a middlebox with a tiny buffer. ' +
    'It shows whether readers rely on one read being one message, and what a trickle does to their time limits.',
  settings,
  duration: 'lasting',
  example: '- { type: slicer, link: gateway-order, averageSize: 64B, delay: 1ms }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { name, to, from } = context.targets.link(given.link).plan;
    const what = given.direction === 'downstream' ? `answers of ${to}` : `what ${from} sends to ${to}`;
    // Toxiproxy would cut beyond the end of a chunk and die.
    if (given.sizeVariation >= given.averageSize) {
      throw new PlimsollError({
        code: 'bad_setting',
        message: `slicer: sizeVariation (${given.sizeVariation} B) must be less than averageSize (${given.averageSize} B)`,
        hint: 'Lower `sizeVariation`.',
        kind: 'usage',
      });
    }
    const pause = given.delay > 0 ? `, ${formatMs(given.delay)} apart` : '';
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'slicer',
          stream: given.direction,
          toxicity: given.share,
          attributes: {
            average_size: given.averageSize,
            size_variation: given.sizeVariation,
            delay: Math.round(given.delay * 1000),
          },
        },
      ],
      summary: `${what} arrive in pieces of about ${formatBytes(given.averageSize)}${pause} (link ${name}, ${given.direction})`,
      judgeTraffic({ chunks, meanDelayMs }) {
        // The first piece of a read leaves at once; a mean over whole reads is well above a quarter of the pause.
        if (chunks === 0 || meanDelayMs === null || meanDelayMs < given.delay / 4) return undefined;
        return {
          status: 'confirmed',
          method: 'reads of real traffic that the proxy cut up',
          finding: `${chunks} reads of real traffic were cut up, which held back their bytes by ${formatMs(meanDelayMs)} on average`,
          measured: { chunks, meanDelayMs },
        };
      },
    });
  },
});
