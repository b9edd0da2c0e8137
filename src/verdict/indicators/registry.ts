import type { Indicator, Objective, Tolerance } from '../slo.js';
import availability from './availability.js';
import errorRate from './error-rate.js';
import type { IndicatorDefinition, Measure } from './indicator.js';
import latencyUnder from './latency-under.js';
import latency from './latency.js';
import status from './status.js';
import throughput from './throughput.js';

type Definitions = { [T in Indicator['type']]: IndicatorDefinition<T> };

/** Every indicator by its type; the compiler insists that none is missing. */
export const indicators: Definitions = {
  availability,
  'error-rate': errorRate,
  status,
  latency,
  'latency-under': latencyUnder,
  throughput,
};

/** How to compute an indicator. */
export function measureOf(indicator: Indicator, objective: Objective | undefined): Measure {
  switch (indicator.type) {
    case 'availability':
      return availability.measure(indicator, objective);
    case 'error-rate':
      return errorRate.measure(indicator, objective);
    case 'status':
      return status.measure(indicator, objective);
    case 'latency':
      return latency.measure(indicator, objective);
    case 'latency-under':
      return latencyUnder.measure(indicator, objective);
    case 'throughput':
      return throughput.measure(indicator, objective);
  }
}

/** Which way is bad for an indicator: −1 where a low value is. */
export function badDirection(slo: { indicator: Indicator; objective?: Objective | undefined }): 1 | -1 {
  const measure = measureOf(slo.indicator, slo.objective);
  return measure.kind === 'rate' || (measure.kind === 'ratio' && measure.report === 'good') ? -1 : 1;
}

/** What is wrong with an SLO's parts for its indicator, in a sentence with the next step; undefined: nothing. */
export function sloProblem(slo: {
  indicator: Indicator;
  objective?: Objective | undefined;
  tolerances: readonly Tolerance[];
  recoverWithinS?: number | undefined;
}): string | undefined {
  const { title, tolerances, op, unit } = indicators[slo.indicator.type];
  if (!slo.objective && slo.tolerances.length === 0 && slo.recoverWithinS === undefined) {
    return 'an SLO needs an objective, a tolerance or recoverWithin; without one it could not fail';
  }
  const wrong = slo.tolerances.find((tolerance) => !tolerances.includes(tolerance.type));
  if (wrong) {
    const said = { points: 'in percentage points', relative: 'relative (in percent)', seconds: 'in time' }[wrong.type];
    const may = tolerances.map((type) => ({ points: '0.1pp', relative: '10%', seconds: '5ms' })[type]).join(' or ');
    return `a tolerance ${said} makes no sense for ${title.toLowerCase()}; write it like ${may}`;
  }
  const tooMuch = slo.tolerances.find((tolerance) => tolerance.type === 'points' && tolerance.value >= 1);
  if (tooMuch) return 'a tolerance of 100pp or more can never be exceeded; write a smaller one';
  if (unit === 'per_second' && slo.tolerances.some((tolerance) => tolerance.value >= 1)) {
    return 'a throughput tolerance of 100% or more can never be exceeded; write a smaller one';
  }
  if (slo.objective && op && slo.objective.op !== op) {
    return `an objective for ${title.toLowerCase()} is written with "${op}"`;
  }
  if (slo.objective && unit === 'ratio' && slo.objective.value > 1) return 'a share cannot be above 100%';
  return undefined;
}
