import type { ToxicDefinition } from './toxic.js';

/** Data passes; the end of the stream waits `delay` ms. */
export default {
  type: 'slow_close',
  attributes: { delay: 0 },
  delaysClose: true,
  behaviour: ({ delay = 0 }, flow) => ({
    take: (data, readAtMs) => flow.send(data, readAtMs),
    end: () => flow.wait(delay, undefined, () => flow.close('toxic')),
  }),
} satisfies ToxicDefinition;
