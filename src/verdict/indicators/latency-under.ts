import type { IndicatorDefinition } from './indicator.js';

/** Share of scheduled arrivals that were ok within a limit: latency as a ratio, so that it can be counted. */
const latencyUnder: IndicatorDefinition<'latency-under'> = {
  type: 'latency-under',
  title: 'Share under a latency',
  unit: 'ratio',
  tolerances: ['points'],
  op: '>=',
  measure: ({ limitS }) => ({
    kind: 'ratio',
    bad: { is: 'slower', thanUs: limitS * 1e6 },
    report: 'good',
  }),
};
export default latencyUnder;
