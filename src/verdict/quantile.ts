import { criticalValue, type Dispersion } from './dispersion.js';
import { decide, mover, type Decision, type Interval } from './interval.js';
import type { Sorted } from './sorted.js';

/** The response times of one kind of window, ready for ranks. Microseconds. */
export interface Sample {
  okUs: Sorted;
  /** Deadlines of the arrivals that were not ok, sorted: they rank above every ok one, with the value "≥ deadline". */
  failedUs: Sorted;
}

export interface QuantileInterval extends Interval {
  /** The estimate itself lies among the failures: its value is "at least". */
  atLeast: boolean;
  /** Whether the rank of each end exists. */
  lowExists: boolean;
  highExists: boolean;
}

export interface QuantileResult extends Interval, Decision {
  k: number;
  /** False where a rank that is needed does not exist: too few arrivals. */
  estimable: boolean;
}

/** The rank of the point estimate, from 1. */
function rankOf(n: number, q: number): number {
  return Math.min(n, Math.max(1, Math.ceil(n * q)));
}

/** The q-quantile's point estimate in microseconds; above every number where it lies among the failures. */
export function thresholdUs(sample: Sample, q: number): number {
  const rank = rankOf(sample.okUs.length + sample.failedUs.length, q);
  return rank <= sample.okUs.length ? (sample.okUs.at(rank - 1) ?? Infinity) : Infinity;
}

/**
 * A quantile with its distribution-free interval from order statistics (normal approximation to the binomial of the
 * rank), widened by the design effect. Seconds. An end whose rank does not exist is 0 or ∞.
 */
export function quantileInterval(sample: Sample, q: number, k: number, D: number): QuantileInterval {
  const n = sample.okUs.length + sample.failedUs.length;
  const half = k * Math.sqrt(n * q * (1 - q) * D);
  const low = Math.floor(n * q - half);
  const high = Math.ceil(n * q + half) + 1;
  const at = rankOf(n, q);
  return {
    value: valueAt(sample, at) / 1e6,
    low: low >= 1 ? valueAt(sample, low) / 1e6 : 0,
    // Among the failures nobody knows how late the answer would have been.
    high: high <= sample.okUs.length ? valueAt(sample, high) / 1e6 : Infinity,
    atLeast: at > sample.okUs.length,
    lowExists: low >= 1,
    highExists: high <= n,
  };
}

/** Least number of independent arrivals for which both ranks exist. */
export function leastArrivals(q: number, k: number, D = 1): number {
  const fits = (n: number): boolean => {
    const half = k * Math.sqrt(n * q * (1 - q) * D);
    return Math.floor(n * q - half) >= 1 && Math.ceil(n * q + half) + 1 <= n;
  };
  let high = 1;
  while (!fits(high)) high *= 2;
  let n = Math.max(1, Math.floor(high / 2));
  // Rounding makes the condition not quite monotone: walk up the last stretch.
  while (n > 1 && fits(n - 1)) n--;
  while (!fits(n)) n++;
  return n;
}

/** Drift of a quantile; `relative` compares on logarithms, δ = ln(1 + delta). Seconds, or a share of the baseline. */
export function quantileDrift(question: {
  fault: Sample;
  base: Sample;
  q: number;
  dispersion: Dispersion;
  alpha: number;
  delta: number;
  relative: boolean;
  direction: 'worse' | 'both';
}): QuantileResult & { atLeast: boolean } {
  const { q, dispersion, alpha, delta, relative, direction } = question;
  const k = criticalValue(dispersion, alpha, 2);
  const fault = quantileInterval(question.fault, q, k, dispersion.D);
  const base = quantileInterval(question.base, q, k, dispersion.D);
  const raw = relative ? mover(logarithms(fault), logarithms(base)) : mover(fault, base);
  const decision = decide(raw, relative ? Math.log1p(delta) : delta, direction);
  const estimable = fault.lowExists && fault.highExists && base.lowExists && base.highExists;
  return {
    ...(relative ? { value: Math.expm1(raw.value), low: Math.expm1(raw.low), high: Math.expm1(raw.high) } : raw),
    pass: decision.pass && estimable,
    // For a failure only the ends that enter the lower bound must exist.
    fail: decision.fail && fault.lowExists && base.highExists,
    k,
    estimable,
    atLeast: fault.atLeast,
  };
}

/** One window's quantile against a limit in seconds. */
export function quantileObjective(question: {
  sample: Sample;
  q: number;
  dispersion: Dispersion;
  alpha: number;
  op: '<=' | '>=';
  limit: number;
}): QuantileResult & { atLeast: boolean } {
  const { sample, q, dispersion, alpha, op, limit } = question;
  const k = criticalValue(dispersion, alpha, 1);
  const interval = quantileInterval(sample, q, k, dispersion.D);
  const { value, low, high, lowExists, highExists, atLeast } = interval;
  const within = op === '<=' ? high <= limit : lowExists && low >= limit;
  const beyond = op === '<=' ? lowExists && low > limit : high < limit;
  return { value, low, high, pass: within && highExists, fail: beyond, k, estimable: lowExists && highExists, atLeast };
}

function valueAt(sample: Sample, rank: number): number {
  const ok = sample.okUs.length;
  return (rank <= ok ? sample.okUs.at(rank - 1) : sample.failedUs.at(rank - 1 - ok)) ?? NaN;
}

function logarithms(interval: Interval): Interval {
  return { value: Math.log(interval.value), low: Math.log(interval.low), high: Math.log(interval.high) };
}
