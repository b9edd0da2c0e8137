import type { IndicatorDefinition } from './indicator.js';

/** Goodput: ok answers per second, keyed on when they were due. */
const throughput: IndicatorDefinition<'throughput'> = {
  type: 'throughput',
  title: 'Throughput',
  unit: 'per_second',
  tolerances: ['relative'],
  op: '>=',
  measure: () => ({ kind: 'rate', good: { is: 'ok' } }),
};
export default throughput;
