import type { Estimate, PartJudgement, SloJudgement } from '../verdict/judgement.js';

/** A part as people read it: with the sign of the change itself, `−15 pp` where an availability fell. */
export interface ShownPart extends Estimate {
  limit: number;
  /** Do bad values lie below the limit? */
  badBelow: boolean;
}

/**
 * Judging counts a drift in the direction that is bad, so that more is always worse. Sentences and tables show the change
 * itself: where down is bad, the signs turn, and the interval's ends change places.
 */
export function shownPart(part: PartJudgement, slo: SloJudgement): ShownPart {
  const { value, low, high } = part.estimate;
  const down = worseOf(slo) === 'down';
  if (part.part === 'tolerance' && down) {
    return { value: turned(value), low: turned(high), high: turned(low), limit: -part.limit, badBelow: true };
  }
  const floor = part.part === 'objective' && slo.objectiveText?.trim().startsWith('>') === true;
  return { value, low, high, limit: part.limit, badBelow: floor };
}

/** Results of before `worse` was recorded say it by their unit, and shares by their name. */
function worseOf(slo: SloJudgement): 'up' | 'down' {
  if (slo.worse !== undefined) return slo.worse;
  if (slo.unit === 'seconds') return 'up';
  if (slo.unit === 'per_second') return 'down';
  return /^error/i.test(slo.indicatorText) || slo.objectiveText?.trim().startsWith('<') === true ? 'up' : 'down';
}

function turned(value: number | null): number | null {
  return value === null || value === 0 ? value : -value;
}

/** Judging of no arrivals gives figures that mean nothing: a window that never came must not look like 100 %. */
export function isWithoutData({ part, n, estimate }: PartJudgement): boolean {
  if (part === 'recovery') return estimate.value === null && estimate.low === null && estimate.high === null;
  return n.fault === 0 || (part === 'tolerance' && n.baseline === 0);
}
