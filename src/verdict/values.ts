import { batchMeans, BATCHES, type Dispersion } from './dispersion.js';
import { decide, type Decision, type Interval } from './interval.js';
import type { Bins } from './sources/bins.js';
import { studentUpper } from './special.js';
import { poolRates, rateDispersion, type RateArm } from './throughput.js';

/** The mean of a series of values in one kind of window, from batches. */
export interface ValueArm extends RateArm {
  /** Variance of the mean itself, where that of a rate is of its logarithm. */
  variance: number;
  /** Values. */
  n: number;
}

export interface ValueResult extends Interval, Decision {
  k: number;
}

/**
 * Events that a count of none may have missed: with them the normal interval at 95 % reaches as far as the exact one,
 * 3 (`-ln 0.05`), and a little further.
 */
const UNSEEN = 4;

/** Cuts the values of a window into equal batches. Where events were counted, chance alone is the least variation. */
export function valueArm({ values, counts, events, overS }: Bins, batches = BATCHES): ValueArm {
  const n = values.length;
  const count = Math.min(batches, n);
  const mean = n > 0 ? values.reduce((sum, value) => sum + value, 0) / n : 0;
  const chance = counts && overS > 0 ? (events + UNSEEN) / (overS * overS) : 0;
  if (count < 2) return { mean, variance: chance, rho: 0, batches: count, n };
  const { squares, lagged } = batchMeans(values, count);
  return {
    mean,
    variance: Math.max(squares / (count - 1) / count, chance),
    rho: squares > 0 ? lagged / squares : 0,
    batches: count,
    n,
  };
}

/** Several windows of a kind as one. */
export function poolValues(arms: readonly ValueArm[]): ValueArm {
  return { ...poolRates(arms), n: arms.reduce((sum, arm) => sum + arm.n, 0) };
}

/** The mean of one kind of window against a limit. */
export function valueObjective(question: {
  arm: ValueArm;
  dispersion: Dispersion;
  alpha: number;
  op: '<=' | '>=';
  limit: number;
}): ValueResult {
  const { arm, dispersion, alpha, op, limit } = question;
  // The variance was estimated from a few batches, whatever their autocorrelation.
  const k = studentUpper(alpha, dispersion.dfOne);
  const half = k * Math.sqrt(arm.variance * dispersion.phi);
  const interval = { value: arm.mean, low: arm.mean - half, high: arm.mean + half };
  return op === '>='
    ? { ...interval, pass: interval.low >= limit, fail: interval.high < limit, k }
    : { ...interval, pass: interval.high <= limit, fail: interval.low > limit, k };
}

/**
 * Drift of the mean in the bad direction, in the values' own unit; a relative one as a share of the baseline's mean
 * (above zero). The relative question is asked of `worse·(μ₁ − (1 ± δ)·μ₂)`, which is linear, so that the baseline's own
 * uncertainty counts (Fieller 1954) and no logarithm of a zero is needed.
 */
export function valueDrift(question: {
  fault: ValueArm;
  base: ValueArm;
  alpha: number;
  delta: number;
  relative: boolean;
  worse: 1 | -1;
  direction: 'worse' | 'both';
}): ValueResult {
  const { fault, base, alpha, delta, relative, worse, direction } = question;
  const dispersion = rateDispersion([base, fault]);
  const k = studentUpper(alpha, dispersion.df);
  const scale = relative ? base.mean : 1;
  const drift = (worse * (fault.mean - base.mean)) / scale;
  const half = (share: number): number =>
    (k * Math.sqrt((fault.variance + share * share * base.variance) * dispersion.phi)) / scale;
  const upper = half(relative ? 1 + worse * delta : 1);
  const interval = { value: drift, low: drift - upper, high: drift + upper };
  const decision = decide(interval, delta, direction);
  if (!relative || direction === 'worse') return { ...interval, ...decision, k };
  // The other side asks about (1 ∓ δ) of the baseline.
  const lower = half(1 - worse * delta);
  return {
    ...interval,
    pass: decision.pass && drift - lower >= -delta,
    fail: interval.low > delta || drift + lower < -delta,
    k,
  };
}
