import { criticalValue, levelOf, type Dispersion } from './dispersion.js';
import { decide, mover, type Decision, type Interval } from './interval.js';
import { betaLower, betaUpper } from './special.js';

/** Bad events of all events; fractions are allowed, since counts are divided by the design effect. */
export interface Count {
  x: number;
  n: number;
}

export interface RatioResult extends Interval, Decision {
  method: string;
  k: number;
}

/** Below this many effective events in an arm, the exact method decides instead of the score test. */
const FEW_EVENTS = 10;
/** The rare-event form of the score test is good up to here. */
const RARE = 0.05;

/** Wilson 1927. `k` is the critical value. */
export function wilson({ x, n }: Count, k: number): Interval {
  const p = x / n;
  const k2 = k * k;
  const centre = (p + k2 / (2 * n)) / (1 + k2 / n);
  const half = (k * Math.sqrt((p * (1 - p)) / n + k2 / (4 * n * n))) / (1 + k2 / n);
  return { value: p, low: x <= 0 ? 0 : Math.max(0, centre - half), high: x >= n ? 1 : Math.min(1, centre + half) };
}

/** Clopper–Pearson 1934, one-sided level `alpha` at each end; fractional counts through the Beta distribution. */
export function clopperPearson({ x, n }: Count, alpha: number): Interval {
  const value = n > 0 ? Math.min(1, x / n) : 0;
  if (!(alpha > 0)) return { value, low: 0, high: 1 };
  return {
    value,
    low: x <= 0 ? 0 : x >= n ? Math.exp(Math.log(alpha) / n) : betaLower(alpha, x, n - x + 1),
    // −expm1(ln a / n), not 1 − a^(1/n), which would lose all digits at large n.
    high: x >= n ? 1 : x <= 0 ? -Math.expm1(Math.log(alpha) / n) : betaUpper(alpha, x + 1, n - x),
  };
}

/**
 * Score test of p₁ − p₂ = δ (Farrington–Manning 1990, Miettinen–Nurminen 1985) with the restricted estimate of the
 * rare-event (Poisson) model in closed form: stable at 10⁻⁵, good for p up to 5 %. δ > 0. The factor N/(N−1) is dropped.
 */
export function scoreZ(fault: Count, base: Count, delta: number): number {
  const { q1, q2 } = restricted(fault, base, delta);
  const d = fault.x / fault.n - base.x / base.n;
  return (d - delta) / Math.sqrt((q1 * (1 - q1)) / fault.n + (q2 * (1 - q2)) / base.n);
}

/** The estimates of both rates under p₁ − p₂ = δ. */
export function restricted(fault: Count, base: Count, delta: number): { q1: number; q2: number } {
  const N = fault.n + base.n;
  const B = N * delta - fault.x - base.x;
  const root = Math.sqrt(B * B + 4 * N * base.x * delta);
  // For B > 0 the other form of the same root: no cancellation.
  const q2 = B > 0 ? (2 * base.x * delta) / (B + root) : (root - B) / (2 * N);
  return { q1: q2 + delta, q2 };
}

/** Drift of a bad share, fault minus baseline, held against `delta` (a share of 1). */
export function ratioDrift(question: {
  fault: Count;
  base: Count;
  dispersion: Dispersion;
  alpha: number;
  delta: number;
  direction: 'worse' | 'both';
}): RatioResult {
  const { dispersion, alpha, delta, direction } = question;
  const k = criticalValue(dispersion, alpha, 2);
  const fault = shrink(question.fault, dispersion.D);
  const base = shrink(question.base, dispersion.D);
  if (Math.min(fault.x, base.x) < FEW_EVENTS) {
    const level = levelOf(k);
    const drift = mover(clopperPearson(fault, level), clopperPearson(base, level));
    return { ...drift, ...decide(drift, delta, direction), method: 'Clopper–Pearson and MOVER', k };
  }
  const drift = mover(wilson(fault, k), wilson(base, k));
  if (Math.max(fault.x / fault.n, base.x / base.n, delta) > RARE) {
    return { ...drift, ...decide(drift, delta, direction), method: 'Wilson and MOVER (Newcombe)', k };
  }
  const z = scoreZ(fault, base, delta);
  const mirrored = direction === 'both' ? scoreZ(base, fault, delta) : -Infinity;
  return {
    ...drift,
    pass: z <= -k && mirrored <= -k,
    fail: z >= k || mirrored >= k,
    method: 'score test',
    k,
  };
}

/** A bad share in one window, held against the limit `max` (or, mirrored, a least share). */
export function ratioObjective(question: {
  count: Count;
  dispersion: Dispersion;
  alpha: number;
  max: number;
}): RatioResult {
  const k = criticalValue(question.dispersion, question.alpha, 1);
  const interval = clopperPearson(shrink(question.count, question.dispersion.D), levelOf(k));
  return {
    ...interval,
    pass: interval.high <= question.max,
    fail: interval.low > question.max,
    method: 'Clopper–Pearson',
    k,
  };
}

/**
 * The rate ratio fault ÷ baseline minus 1, held against `delta` (0.1 for "10%"): given the sum of events, those of the
 * fault window are binomial. Exact. `undefined` if there is no event in either window.
 */
export function ratioRelative(question: {
  fault: Count;
  base: Count;
  dispersion: Dispersion;
  alpha: number;
  delta: number;
  direction: 'worse' | 'both';
}): RatioResult | undefined {
  const { dispersion, alpha, delta, direction } = question;
  const k = criticalValue(dispersion, alpha, 2);
  const fault = shrink(question.fault, dispersion.D);
  const base = shrink(question.base, dispersion.D);
  if (fault.x + base.x <= 0) return undefined;
  const share = clopperPearson({ x: fault.x, n: fault.x + base.x }, levelOf(k));
  const ratio = (pi: number): number => (pi >= 1 ? Infinity : ((pi / (1 - pi)) * base.n) / fault.n) - 1;
  const drift = { value: ratio(share.value), low: ratio(share.low), high: ratio(share.high) };
  const lowest = 1 / (1 + delta) - 1; // the same factor downwards
  return {
    ...drift,
    pass: drift.high <= delta && (direction === 'worse' || drift.low >= lowest),
    fail: drift.low > delta || (direction === 'both' && drift.high < lowest),
    method: 'conditional binomial (Clopper–Pearson)',
    k,
  };
}

/** Effective counts. */
export function shrink({ x, n }: Count, D: number): Count {
  return { x: x / D, n: n / D };
}
