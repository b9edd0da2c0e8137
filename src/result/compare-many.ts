import { mover, type Interval } from '../verdict/interval.js';
import type { SloJudgement } from '../verdict/judgement.js';
import { failPValue, holm, UNCORRECTED_PARTS } from '../verdict/multiplicity.js';
import { normalUpper, studentUpper } from '../verdict/special.js';

/** One-sided level of the intervals that a result keeps, unless its SLO said otherwise. */
const ALPHA = 0.05;

/** A drift as a run recorded it: its interval, and how many standard errors of which distribution that is wide. */
export interface Drift {
  interval: Interval;
  k: number | null;
  df: number | null;
}

/** What comparing needs to know of a drift of an SLO with a tolerance. */
export function driftOf(slo: SloJudgement, interval: Interval): Drift {
  const part = slo.parts.find((one) => one.part === 'tolerance');
  return { interval, k: part?.k ?? null, df: part?.df ?? null };
}

/**
 * Which failures of a comparison stand against the number of critical SLOs (Holm 1979), as in the verdict of a run: with
 * more than three, some would fail by chance. The level at which a difference still fails is found from both intervals,
 * scaled to other levels as their own distribution (normal or Student's) does.
 *
 * @param critical Of each critical SLO that could fail, its two drifts and the margin if it did fail
 * @returns undefined where nothing is corrected; else in the same order, whether it may keep its failure
 */
export function standing(
  critical: readonly { failed: { run: Drift; baseline: Drift; margin: number } | undefined }[],
): boolean[] | undefined {
  if (critical.length <= UNCORRECTED_PARTS) return undefined;
  return holm(
    critical.map(({ failed }) => ({
      alpha: ALPHA,
      pValue:
        failed &&
        failPValue(
          (alpha) => mover(atLevel(failed.run, alpha), atLevel(failed.baseline, alpha)).low > failed.margin,
          ALPHA,
        ),
    })),
  );
}

function atLevel({ interval, k, df }: Drift, alpha: number): Interval {
  const critical = (level: number): number => (df === null ? normalUpper(level) : studentUpper(level, df));
  const by = critical(alpha) / (k ?? critical(ALPHA));
  const { value, low, high } = interval;
  return { value, low: value - (value - low) * by, high: value + (high - value) * by };
}
