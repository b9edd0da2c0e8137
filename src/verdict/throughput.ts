import { batchMeans, BATCHES, criticalValue, disperse, type Dispersion } from './dispersion.js';
import { decide, type Decision, type Interval } from './interval.js';

/** Goodput of one kind of window, from batches. */
export interface RateArm {
  /** Per second. */
  mean: number;
  /** Variance of ln(mean), from the batches, before the inflation for autocorrelation. */
  variance: number;
  rho: number;
  batches: number;
}

export interface RateResult extends Interval, Decision {
  k: number;
}

/** Cuts the good answers per second of a window into equal batches. */
export function rateArm(goodPerSecond: Float64Array, batches = BATCHES): RateArm {
  const count = Math.min(batches, goodPerSecond.length);
  const total = goodPerSecond.reduce((sum, good) => sum + good, 0);
  const mean = goodPerSecond.length > 0 ? total / goodPerSecond.length : 0;
  if (count < 2 || total === 0) return { mean, variance: 0, rho: 0, batches: count };
  const { centre, squares, lagged } = batchMeans(goodPerSecond, count);
  return {
    mean,
    variance: centre > 0 ? squares / (count - 1) / (count * centre * centre) : 0,
    rho: squares > 0 ? lagged / squares : 0,
    batches: count,
  };
}

/** Several windows of a kind as one: means averaged, the largest variance of a window stands for each. */
export function poolRates(arms: readonly RateArm[]): RateArm {
  const first = arms[0];
  if (!first || arms.length === 1) return first ?? { mean: 0, variance: 0, rho: 0, batches: 0 };
  const average = (of: (arm: RateArm) => number): number => arms.reduce((sum, arm) => sum + of(arm), 0) / arms.length;
  return {
    mean: average((arm) => arm.mean),
    variance: Math.max(...arms.map((arm) => arm.variance)) / arms.length,
    rho: average((arm) => arm.rho),
    batches: Math.min(...arms.map((arm) => arm.batches)),
  };
}

/** Autocorrelation and degrees of freedom for goodput; its variance comes from the batches, so there is no design effect. */
export function rateDispersion(arms: readonly RateArm[]): Dispersion {
  const spread = disperse(arms.map(({ rho, batches }) => ({ deff: 1, rho, batches })));
  return { ...spread, D: spread.phi };
}

/** Drift of goodput in the bad direction as a share of the baseline: 0.03 means 3 % less. Both means above zero. */
export function rateDrift(question: {
  fault: RateArm;
  base: RateArm;
  alpha: number;
  delta: number;
  direction: 'worse' | 'both';
}): RateResult {
  const { fault, base, alpha, delta, direction } = question;
  const dispersion = rateDispersion([base, fault]);
  const k = criticalValue(dispersion, alpha, 2);
  // In the bad direction: how far the logarithm fell.
  const fall = Math.log(base.mean / fault.mean);
  const half = k * Math.sqrt((fault.variance + base.variance) * dispersion.phi);
  const worse = { value: fall, low: fall - half, high: fall + half };
  return {
    value: -Math.expm1(-worse.value),
    low: -Math.expm1(-worse.low),
    high: -Math.expm1(-worse.high),
    ...decide(worse, delta < 1 ? -Math.log1p(-delta) : Infinity, direction),
    k,
  };
}

/** Goodput of one window against a limit per second. */
export function rateObjective(question: {
  arm: RateArm;
  dispersion: Dispersion;
  alpha: number;
  op: '<=' | '>=';
  limit: number;
}): RateResult {
  const { arm, dispersion, alpha, op, limit } = question;
  const k = criticalValue(dispersion, alpha, 1);
  const factor = Math.exp(k * Math.sqrt(arm.variance * dispersion.phi));
  const interval = { value: arm.mean, low: arm.mean / factor, high: arm.mean * factor };
  return op === '>='
    ? { ...interval, pass: interval.low >= limit, fail: interval.high < limit, k }
    : { ...interval, pass: interval.high <= limit, fail: interval.low > limit, k };
}
