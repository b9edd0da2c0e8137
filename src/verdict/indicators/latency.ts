import type { IndicatorDefinition } from './indicator.js';

/** Response time, from due to done, at a quantile. In population `all` whatever is not ok ranks above every answer. */
const latency: IndicatorDefinition<'latency'> = {
  type: 'latency',
  title: 'Latency',
  unit: 'seconds',
  tolerances: ['seconds', 'relative'],
  op: '<=',
  measure: ({ quantile, population }) => ({ kind: 'quantile', q: quantile, population }),
};
export default latency;
