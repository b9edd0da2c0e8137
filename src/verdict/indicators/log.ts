import { MATCHED } from '../sources/pseudo-arrivals.js';
import type { IndicatorDefinition } from './indicator.js';

/**
 * Lines of a structured log that match: as a share of other lines (judged as an availability is), or per second. Which
 * way is bad follows from the objective.
 */
const log: IndicatorDefinition<'log'> = {
  type: 'log',
  title: 'Lines of a log',
  unit: 'ratio',
  tolerances: ['points', 'relative'],
  measure(indicator, objective) {
    const more = objective ? objective.op === '>=' : indicator.better === 'higher';
    if (indicator.take === 'rate')
      return { kind: 'values', take: 'lines', unit: 'per_second', worse: more ? -1 : 1, everyS: 1 };
    return more
      ? { kind: 'ratio', bad: { is: 'other-status', status: MATCHED }, report: 'good', source: 'lines' }
      : { kind: 'ratio', bad: { is: 'status', status: MATCHED }, report: 'bad', source: 'lines' };
  },
};
export default log;
