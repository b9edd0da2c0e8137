import type { IndicatorDefinition } from './indicator.js';

/** Share of scheduled arrivals that were not ok: availability from the other side. */
const errorRate: IndicatorDefinition<'error-rate'> = {
  type: 'error-rate',
  title: 'Error rate',
  unit: 'ratio',
  tolerances: ['points', 'relative'],
  op: '<=',
  measure: () => ({ kind: 'ratio', bad: { is: 'failed' }, report: 'bad' }),
};
export default errorRate;
