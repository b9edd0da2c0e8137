import betaQuantile from '@stdlib/stats-base-dists-beta-quantile';
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import studentQuantile from '@stdlib/stats-base-dists-t-quantile';
import gammaln from '@stdlib/math-base-special-gammaln';

/**
 * The special functions, from @stdlib (Apache-2.0; Cephes and Boost algorithms). Upper tails are asked for as
 * `α`, never as `1 − α`: near one the subtraction would cost the digits that matter.
 */

/** z with P(Z > z) = alpha. */
export function normalUpper(alpha: number): number {
  return -normalQuantile(alpha, 0, 1);
}

/** P(Z > z). */
export function normalTail(z: number): number {
  return normalCdf(-z, 0, 1);
}

/** P(Z ≤ z). */
export function normalBelow(z: number): number {
  return normalCdf(z, 0, 1);
}

/** t with P(T > t) = alpha at `df` degrees of freedom (fractions allowed). */
export function studentUpper(alpha: number, df: number): number {
  return -studentQuantile(alpha, df);
}

/** The value below which a Beta(a, b) variable lies with probability `p`. */
export function betaLower(p: number, a: number, b: number): number {
  return betaQuantile(p, a, b);
}

/** The value above which a Beta(a, b) variable lies with probability `p`. */
export function betaUpper(p: number, a: number, b: number): number {
  // The mirror image keeps a small upper tail exact where the distribution hugs zero's far side.
  return a < b ? betaQuantile(1 - p, a, b) : 1 - betaQuantile(p, b, a);
}

/** ln Γ(x). */
export function logGamma(x: number): number {
  return gammaln(x);
}
