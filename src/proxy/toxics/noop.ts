import type { ToxicDefinition } from './toxic.js';

/** Passes everything. */
export default {
  type: 'noop',
  attributes: {},
  behaviour: (_attributes, flow) => ({ take: (data, readAtMs) => flow.send(data, readAtMs) }),
} satisfies ToxicDefinition;
