import { normalBelow, normalUpper } from './special.js';
import { restricted } from './ratio.js';

/**
 * How much is needed, and what a given amount can do (verdicts.md, "Power"). Counts are arrivals a window; `p` is the
 * bad share while all is well; `D` the design effect.
 */

export interface RatioPlan {
  p: number;
  D: number;
  delta: number;
  alpha: number;
}

/** Arrivals a window so that "no drift" passes with this probability. */
export function ratioNeeded({ p, D, delta, alpha, power }: RatioPlan & { power: number }): number {
  const exact = leastWithoutErrors(delta, alpha);
  // Without any error the exact method decides, and needs no luck.
  if (p <= 0) return Math.ceil(D * exact);
  const { v0, v1 } = variances(p, delta);
  const root = normalUpper(alpha) * Math.sqrt(v0) + normalUpper(1 - power) * Math.sqrt(v1);
  return Math.ceil(D * Math.max((root * root) / (delta * delta), exact));
}

/** Arrivals a window so that a true drift of 2δ fails with this probability. */
export function ratioNeededToFail({ p, D, delta, alpha, power }: RatioPlan & { power: number }): number {
  const p1 = Math.min(1, p + 2 * delta);
  const { q1, q2 } = restricted({ x: p1, n: 1 }, { x: p, n: 1 }, delta);
  const v0 = q1 * (1 - q1) + q2 * (1 - q2);
  const v1 = p1 * (1 - p1) + p * (1 - p);
  const root = normalUpper(alpha) * Math.sqrt(v0) + normalUpper(1 - power) * Math.sqrt(v1);
  return Math.ceil((D * root * root) / (delta * delta));
}

/** Chance that "no drift" passes with n arrivals a window. */
export function ratioPower({ p, D, delta, alpha, n }: RatioPlan & { n: number }): number {
  const effective = n / D;
  if (!(effective > 0)) return 0;
  if (effective < leastWithoutErrors(delta, alpha)) return 0;
  if (p <= 0) return 1;
  const { v0, v1 } = variances(p, delta);
  return normalBelow((delta * Math.sqrt(effective) - normalUpper(alpha) * Math.sqrt(v0)) / Math.sqrt(v1));
}

/** The smallest tolerance that n arrivals a window can certify with this probability; null: none below 1. */
export function ratioSmallest(plan: { p: number; n: number; D: number; alpha: number; power: number }): number | null {
  const { n, ...rest } = plan;
  if (!(n > 0)) return null;
  const enough = (delta: number): boolean => ratioNeeded({ ...rest, delta }) <= n;
  let low = Math.log(1e-9);
  let high = Math.log(0.999);
  if (!enough(Math.exp(high))) return null;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (enough(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/** The same three for a relative tolerance on an error rate: the variance of a log rate is 1 ÷ its events. */
export function relativeRatioPlan({ p, D, delta, alpha, n }: RatioPlan & { n: number }): {
  power: number | null;
  smallest: number | null;
  needed: number | null;
} {
  if (!(p > 0) || !(n > 0)) return { power: null, smallest: null, needed: null };
  const z = normalUpper(alpha);
  const reach = z + normalUpper(0.1);
  const se = Math.sqrt((2 * D) / (n * p));
  const distance = Math.log1p(delta);
  return {
    power: normalBelow(distance / se - z),
    smallest: Math.expm1(reach * se),
    needed: Math.ceil((2 * D * reach * reach) / (p * distance * distance)),
  };
}

/** The same for a difference with a known standard error `se` at n arrivals a window and critical value k. */
export function differencePlan({ se, k, delta, n }: { se: number; k: number; delta: number; n: number }): {
  power: number | null;
  smallest: number | null;
  needed: number | null;
} {
  if (!Number.isFinite(se)) return { power: null, smallest: null, needed: null };
  const reach = k + normalUpper(0.1);
  return {
    power: se > 0 ? normalBelow(delta / se - k) : 1,
    smallest: reach * se,
    needed: Math.ceil(n * ((reach * se) / delta) ** 2),
  };
}

/** With no error at all the bound is 1 − α^(1/n): about 3/n at 95 %. */
export function leastWithoutErrors(delta: number, alpha: number): number {
  return Math.log(alpha) / Math.log1p(-Math.min(delta, 0.999999));
}

function variances(p: number, delta: number): { v0: number; v1: number } {
  const { q1, q2 } = restricted({ x: p, n: 1 }, { x: p, n: 1 }, delta);
  // Beyond rare events the restricted estimate may leave [0, 1]; the variance of a share cannot be negative.
  const v = (q: number): number => Math.max(0, Math.min(1, q) * (1 - Math.min(1, q)));
  return { v0: v(q1) + v(q2), v1: 2 * p * (1 - p) };
}
