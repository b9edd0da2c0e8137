import { decide, type Decision, type Interval } from './interval.js';
import { normalUpper, studentUpper } from './special.js';

/** The drift of one trial (baseline and fault of the same pass) and what is known of its error from within the windows. */
export interface Pair {
  trial: number;
  drift: Interval;
  se: number;
}

export interface PairsResult extends Interval, Decision {
  /** Share of the variation between pairs that is more than their own error (Higgins and Thompson 2002). */
  heterogeneity: number;
  /** A pair that lies wholly beyond the tolerance although the mean passes. */
  outlier: number | undefined;
  /** Where a single future fault would lie. */
  prediction: Interval;
}

/**
 * Repeated trials: the unit is the pair, so that variation between windows (caches, garbage collection, neighbours)
 * counts. Mean ± t·s/√m. A trend is removed by the layout ABBA BAAB, not here. At least two pairs.
 */
export function judgePairs(
  pairs: readonly Pair[],
  question: { delta: number; alpha: number; direction: 'worse' | 'both' },
): PairsResult {
  const m = pairs.length;
  const mean = pairs.reduce((sum, { drift }) => sum + drift.value, 0) / m;
  const s = Math.sqrt(pairs.reduce((sum, { drift }) => sum + (drift.value - mean) ** 2, 0) / (m - 1));
  const t = studentUpper(question.alpha, m - 1);
  const around = (half: number): Interval => ({ value: mean, low: mean - half, high: mean + half });
  const interval = around((t * s) / Math.sqrt(m));
  const decision = decide(interval, question.delta, question.direction);
  return {
    ...interval,
    ...decision,
    heterogeneity: heterogeneityOf(pairs),
    outlier: decision.pass ? pairs.find(({ drift }) => drift.low > question.delta)?.trial : undefined,
    prediction: around(t * s * Math.sqrt(1 + 1 / m)),
  };
}

/** One pair whose windows are known to differ by themselves with standard deviation `betweenSd`. */
export function judgeSinglePair(
  pair: Pair,
  betweenSd: number,
  question: { delta: number; alpha: number; direction: 'worse' | 'both' },
): Interval & Decision {
  const half = normalUpper(question.alpha) * Math.sqrt(pair.se ** 2 + 2 * betweenSd ** 2);
  const interval = { value: pair.drift.value, low: pair.drift.value - half, high: pair.drift.value + half };
  return { ...interval, ...decide(interval, question.delta, question.direction) };
}

/** I² = max(0, (Q − (m−1))/Q) with Cochran's Q. */
function heterogeneityOf(pairs: readonly Pair[]): number {
  if (pairs.some(({ se }) => !(se > 0) || !Number.isFinite(se))) return 0;
  const weights = pairs.map(({ se }) => 1 / (se * se));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const centre = pairs.reduce((sum, { drift }, i) => sum + (weights[i] ?? 0) * drift.value, 0) / total;
  const q = pairs.reduce((sum, { drift }, i) => sum + (weights[i] ?? 0) * (drift.value - centre) ** 2, 0);
  return q > 0 ? Math.max(0, (q - (pairs.length - 1)) / q) : 0;
}
