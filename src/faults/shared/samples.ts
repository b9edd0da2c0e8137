import type { CanaryResult, LinkTarget } from '../../targets/targets.js';
import { systemClock } from '../../support/clock.js';

/** Round trips of a link's canary. */
export interface Samples {
  roundTripsMs: number[];
  /** Those that brought no answer. */
  failures: Exclude<CanaryResult, { outcome: 'answered' }>[];
}

/**
 * Asks the canary a few times, one after another.
 *
 * @param budgetMs no new question is asked when this time is over; at least one is.
 */
export async function sample(
  link: LinkTarget,
  options: { count: number; timeLimitMs: number; budgetMs: number; signal?: AbortSignal },
): Promise<Samples> {
  const samples: Samples = { roundTripsMs: [], failures: [] };
  const untilUs = systemClock.nowUs() + options.budgetMs * 1000;
  for (let n = 0; n < options.count; n++) {
    options.signal?.throwIfAborted();
    const result = await link.canary(options.timeLimitMs);
    if (result.outcome === 'answered') samples.roundTripsMs.push(result.roundTripMs);
    else samples.failures.push(result);
    if (result.outcome === 'unsupported' || systemClock.nowUs() >= untilUs) break;
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Two decimals are what a millisecond figure is worth here. */
export function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
