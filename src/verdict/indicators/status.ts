import type { IndicatorDefinition } from './indicator.js';

/**
 * Share of scheduled arrivals that were answered with this status. Which way is bad follows from the objective; without
 * one, a status below 400 is wanted and one from 400 on is not.
 */
const status: IndicatorDefinition<'status'> = {
  type: 'status',
  title: 'Share of a status',
  unit: 'ratio',
  tolerances: ['points'],
  measure(indicator, objective) {
    const { status: code } = indicator;
    const wanted = objective ? objective.op === '>=' : code < 400;
    return wanted
      ? { kind: 'ratio', bad: { is: 'other-status', status: code }, report: 'good' }
      : { kind: 'ratio', bad: { is: 'status', status: code }, report: 'bad' };
  },
};
export default status;
