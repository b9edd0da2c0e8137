import { text } from './attribute.js';
import { ENDINGS, refuseEnding } from './ending.js';
import type { Ending, ToxicDefinition } from './toxic.js';

type FailFirst = { connections: number; ending: Ending; existing: 'keep' | 'end' };

/**
 * The first `connections` new connections are ended as soon as they are accepted, by RST or FIN; the upstream never learns
 * of them. Those that come later pass. Those that were there when the toxic came go on, or with `existing: end` are ended
 * first, as when a service restarts; they don't count.
 */
export default {
  type: 'fail_first',
  attributes: { connections: 1, ending: text<Ending>(ENDINGS[0]), existing: text<'keep' | 'end'>('keep') },
  refuse({ connections, ending, existing }) {
    if (connections < 1) return `connections must be at least 1, received ${connections}`;
    if (!['keep', 'end'].includes(existing))
      return `existing must be keep or end, received ${JSON.stringify(existing)}`;
    return refuseEnding(ending);
  },
  strikes: ({ connections }) => connections,
  acceptance: ({ ending }) => ending,
  arrival: ({ ending, existing }) => (existing === 'end' ? ending : undefined),
} satisfies ToxicDefinition<FailFirst>;
