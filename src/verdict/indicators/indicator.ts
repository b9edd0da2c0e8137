import type { Trait } from '../arrivals.js';
import type { Indicator, Objective, Tolerance } from '../slo.js';

export type IndicatorUnit = 'ratio' | 'seconds' | 'per_second' | 'number';

/** What the statistics need to know of an indicator. */
export type Measure =
  /** A share of arrivals. `report: good` shows 1 − bad share. */
  | { kind: 'ratio'; bad: Trait; report: 'good' | 'bad'; source?: 'lines' }
  /** Response time at a quantile, or, with a source, whatever time a histogram holds. */
  | { kind: 'quantile'; q: number; population: 'all' | 'ok'; source?: 'histograms' }
  /** Good answers per second. */
  | { kind: 'rate'; good: Trait }
  /** The mean of values that were read every `everyS` seconds; `worse` 1: up is bad. */
  | { kind: 'values'; take: 'value' | 'counters' | 'lines'; unit: IndicatorUnit; worse: 1 | -1; everyS: number }
  /** How processes ended. */
  | { kind: 'exits'; code: number | 'any' };

/** One file an indicator, named as its type. */
export interface IndicatorDefinition<T extends Indicator['type']> {
  type: T;
  title: string;
  unit: IndicatorUnit;
  /** Which tolerances make sense: `points` ("0.02pp"), `relative` ("10%"), `seconds` ("5ms"). */
  tolerances: readonly Tolerance['type'][];
  /** Which way round the objective must be; undefined: both make sense. */
  op?: Objective['op'];
  measure(indicator: Extract<Indicator, { type: T }>, objective: Objective | undefined): Measure;
}
