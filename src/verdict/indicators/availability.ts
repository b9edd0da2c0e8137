import type { IndicatorDefinition } from './indicator.js';

/** Share of scheduled arrivals that were ok. A request that could not even be sent was not. */
const availability: IndicatorDefinition<'availability'> = {
  type: 'availability',
  title: 'Availability',
  unit: 'ratio',
  // A share of 99.9 % or of the 0.1 % that is missing? Relative tolerances would be ambiguous.
  tolerances: ['points'],
  op: '>=',
  measure: () => ({ kind: 'ratio', bad: { is: 'failed' }, report: 'good' }),
};
export default availability;
