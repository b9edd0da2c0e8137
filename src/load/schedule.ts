import { randomAt } from '../support/random.js';
import type { OpenStreamPlan, RequestPlan } from './driver.js';

/**
 * When the arrivals of an open-model stream are due: a function of the plan and the seed alone, so that the driver, the
 * conductor and a later reader all have the same schedule. Times in microseconds from t0.
 */
export interface Schedule {
  /** When arrival `index` is due. Cheap when called with growing indices. */
  dueUs(index: number): number;
  /** How many arrivals are due before `us`. Cheap when called with growing times. */
  scheduledBefore(us: number): number;
}

export function scheduleOf(plan: Pick<OpenStreamPlan, 'name' | 'ratePerSecond' | 'arrivals'>, seed: number): Schedule {
  switch (plan.arrivals) {
    case 'uniform':
      return uniform(plan.ratePerSecond);
    case 'poisson':
      return poisson(plan.ratePerSecond, seed, plan.name);
  }
}

/** Which request arrival `index` makes: a position in `requests`, drawn by weight from (seed, stream, index). */
export function requestPicker(
  requests: readonly Pick<RequestPlan, 'weight'>[],
  seed: number,
  stream: string,
): (index: number) => number {
  if (requests.length === 1) return () => 0;
  let sum = 0;
  const upTo = requests.map(({ weight }) => (sum += weight));
  const draw = `${stream}/request`;
  return (index) => {
    const at = randomAt(seed, draw, index) * sum;
    const found = upTo.findIndex((limit) => at < limit);
    return found < 0 ? requests.length - 1 : found;
  };
}

/** By multiplication: after a million arrivals the schedule has not drifted. */
function uniform(ratePerSecond: number): Schedule {
  const dueUs = (index: number): number => (index * 1e6) / ratePerSecond;
  return {
    dueUs,
    scheduledBefore(us) {
      if (us <= 0) return 0;
      let count = Math.ceil((us * ratePerSecond) / 1e6);
      // Rounding may be one off at the edge; `dueUs` decides.
      while (count > 0 && dueUs(count - 1) >= us) count--;
      while (dueUs(count) < us) count++;
      return count;
    },
  };
}

/** Exponential gaps, −ln(1−u)/rate, summed from t0. */
function poisson(ratePerSecond: number, seed: number, stream: string): Schedule {
  const draw = `${stream}/gap`;
  const gapUs = (index: number): number => (-Math.log(1 - randomAt(seed, draw, index)) * 1e6) / ratePerSecond;
  const forDue = { index: 0, dueUs: gapUs(0) };
  const forCount = { index: 0, dueUs: gapUs(0) };
  return {
    dueUs(index) {
      if (index < forDue.index) Object.assign(forDue, { index: 0, dueUs: gapUs(0) });
      while (forDue.index < index) forDue.dueUs += gapUs(++forDue.index);
      return forDue.dueUs;
    },
    scheduledBefore(us) {
      const before = forCount.index === 0 ? -Infinity : forCount.dueUs - gapUs(forCount.index);
      if (us <= before) Object.assign(forCount, { index: 0, dueUs: gapUs(0) });
      while (forCount.dueUs < us) forCount.dueUs += gapUs(++forCount.index);
      return forCount.index;
    },
  };
}
