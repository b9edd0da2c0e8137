/** In which order a trial has its windows: the baseline (A) first, or the fault (B). */
export type TrialOrder = 'AB' | 'BA';

/**
 * The layout of repeated trials, ABBA BAAB and so on: a trend over the run hits baselines and faults alike and cancels, at
 * the latest after each second trial. One trial is AB.
 */
export function trialOrder(trials: number): TrialOrder[] {
  return Array.from({ length: trials }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 'AB' : 'BA'));
}

/** Trials between two looks: the least number that is balanced. */
const TRIALS_A_LOOK = 2;

/** How often the verdict may be looked at on the way and at the end; 1 without `decideEarly`. */
export function looksOf(plan: { trials: number; decideEarly: boolean }): number {
  return plan.decideEarly ? Math.max(1, plan.trials / TRIALS_A_LOOK) : 1;
}

/** Which look comes after this trial (from 1), the last trial included; undefined: none. */
export function lookAfter(trial: number): number | undefined {
  return trial % TRIALS_A_LOOK === 0 ? trial / TRIALS_A_LOOK : undefined;
}
