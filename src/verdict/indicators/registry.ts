import type { Indicator, Objective, Slo, Tolerance } from '../slo.js';
import availability from './availability.js';
import errorRate from './error-rate.js';
import exit from './exit.js';
import type { IndicatorDefinition, IndicatorUnit, Measure } from './indicator.js';
import latencyUnder from './latency-under.js';
import latency from './latency.js';
import log from './log.js';
import prometheus from './prometheus.js';
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
  prometheus,
  log,
  exit,
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
    case 'prometheus':
      return prometheus.measure(indicator, objective);
    case 'log':
      return log.measure(indicator, objective);
    case 'exit':
      return exit.measure(indicator, objective);
  }
}

/** Which way is bad for an indicator: −1 where a low value is. */
export function badDirection(slo: { indicator: Indicator; objective?: Objective | undefined }): 1 | -1 {
  const measure = measureOf(slo.indicator, slo.objective);
  if (measure.kind === 'values') return measure.worse;
  return measure.kind === 'rate' || (measure.kind === 'ratio' && measure.report === 'good') ? -1 : 1;
}

/** What is wrong with an SLO's parts for its indicator, in a sentence with the next step; undefined: nothing. */
export function sloProblem(slo: {
  indicator: Indicator;
  objective?: Objective | undefined;
  tolerances: readonly Tolerance[];
  recoverWithinS?: number | undefined;
}): string | undefined {
  const { title, tolerances, op } = indicators[slo.indicator.type];
  const unit = unitOf(slo.indicator);
  if (!slo.objective && slo.tolerances.length === 0 && slo.recoverWithinS === undefined) {
    return 'an SLO needs an objective, a tolerance or recoverWithin; without one it could not fail';
  }
  if (isFromElsewhere(slo.indicator)) return sourceProblem(slo.indicator, slo);
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

/** Is it read while the run goes on, and not computed from the arrivals? */
export function isFromElsewhere(indicator: Indicator): indicator is Extract<Indicator, { source: string }> {
  return 'source' in indicator;
}

/**
 * Does the system keep its objective before anything is broken, too? Not where the fault brings what is counted: so many
 * lines about errors a second.
 */
export function holdsBeforehand({ indicator, objective }: Pick<Slo, 'indicator' | 'objective'>): boolean {
  return !(indicator.type === 'log' && indicator.take === 'rate' && objective?.op === '>=');
}

/** The unit of an indicator's values. */
export function unitOf(indicator: Indicator): IndicatorUnit {
  if (indicator.type === 'prometheus') return indicator.take === 'percentile' ? 'seconds' : indicator.unit;
  if (indicator.type === 'log' && indicator.take === 'rate') return 'per_second';
  return indicators[indicator.type].unit;
}

/** Which tolerances fit the unit of a value that is read. */
const FITTING: Record<IndicatorUnit, { type: Tolerance['type']; written: string }[]> = {
  ratio: [{ type: 'points', written: '0.1pp' }],
  seconds: [
    { type: 'seconds', written: '5ms' },
    { type: 'relative', written: '10%' },
  ],
  per_second: [{ type: 'relative', written: '10%' }],
  number: [{ type: 'relative', written: '10%' }],
};

function sourceProblem(
  indicator: Extract<Indicator, { source: string }>,
  slo: { objective?: Objective | undefined; tolerances: readonly Tolerance[]; recoverWithinS?: number | undefined },
): string | undefined {
  const { title, op } = indicators[indicator.type];
  const what = title.toLowerCase();
  if (slo.recoverWithinS !== undefined) {
    return `recoverWithin is read from the answers to requests, and ${what} has none; write an objective with \`during: recovery\``;
  }
  if (slo.objective && op && slo.objective.op !== op) return `an objective for ${what} is written with "${op}"`;
  if (slo.objective && unitOf(indicator) === 'ratio' && indicator.type === 'log' && slo.objective.value > 1)
    return 'a share cannot be above 100%';
  if (slo.tolerances.length === 0) return undefined;
  if (indicator.type === 'exit') return 'an exit has no baseline to drift from; write an objective such as "<= 10s"';
  if (indicator.type === 'prometheus' && indicator.take === 'percentile')
    return 'a drift of a percentile cannot be told finer than the buckets of its histogram; write an objective whose limit is one of their bounds';
  const fitting = FITTING[unitOf(indicator)];
  const wrong = slo.tolerances.find(({ type }) => !fitting.some((one) => one.type === type));
  return wrong
    ? `a tolerance for this value is written like ${fitting.map(({ written }) => written).join(' or ')}`
    : undefined;
}
