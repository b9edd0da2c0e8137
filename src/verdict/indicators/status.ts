import type { Test } from '../arrivals.js';
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
    const has: Test = (arrivals, i) => arrivals.status[i] === indicator.status;
    const wanted = objective ? objective.op === '>=' : indicator.status < 400;
    return wanted
      ? { kind: 'ratio', isBad: (arrivals, i) => !has(arrivals, i), report: 'good' }
      : { kind: 'ratio', isBad: has, report: 'bad' };
  },
};
export default status;
