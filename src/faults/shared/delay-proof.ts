import type { Proof } from '../../record/proof.js';
import { systemClock } from '../../support/clock.js';
import type { LinkEvidence } from './link-toxic.js';
import { median, round, sample } from './samples.js';

/** What a measured delay may differ from the ordered one beyond the jitter: timers, and the way through the proxy. */
const TOLERANCE_MS = 5;

export interface DelayLimits {
  lowMs: number;
  highMs: number;
}

export function delayLimits(delayMs: number, jitterMs: number): DelayLimits {
  return {
    // A short delay must still be told from none.
    lowMs: Math.max(delayMs - jitterMs - TOLERANCE_MS, delayMs / 4),
    highMs: delayMs + jitterMs + TOLERANCE_MS,
  };
}

/** Enough questions that a share of 30 % is hit by one with 99.9 % chance. */
const MOST_SAMPLES = 20;
/** A busy machine may be late with all answers of one round. */
const ROUNDS = 3;
/** Where a long delay leaves room for one question a round, three late answers say little: then so many are asked in all, */
const FEWEST_SAMPLES = 8;
/** but not for longer than this. */
const LONGEST_MS = 6000;

/**
 * Delays of single questions against the fastest answer before. A busy machine makes an answer later, never earlier: so
 * one that lies within the limits shows the ordered delay, and none above the lower limit shows that it is missing.
 */
export async function measureDelay(
  evidence: LinkEvidence,
  latencyMs: number,
  limits: DelayLimits,
  jitters: boolean,
): Promise<Proof | undefined> {
  const { link, before, partial, signal } = evidence;
  const beforeMs = Math.min(...before.roundTripsMs);
  const delays: number[] = [];
  let hit: number[] = [];
  let within: number[] = [];
  const method = `${link.plan.protocol} canary through the link, before and after`;
  const about = () => ({ beforeMs: round(beforeMs), samples: delays.length, samplesHit: hit.length });
  const untilUs = systemClock.nowUs() + LONGEST_MS * 1000;
  const goesOn = (round: number): boolean =>
    round < ROUNDS || (hit.length > 0 && delays.length < FEWEST_SAMPLES && systemClock.nowUs() < untilUs);
  for (let n = 0; within.length === 0 && goesOn(n); n++) {
    const { roundTripsMs } = await sample(link, {
      count: partial ? MOST_SAMPLES : jitters ? 9 : 5,
      timeLimitMs: limits.highMs + beforeMs + 2000,
      budgetMs: 700,
      signal,
    });
    delays.push(...roundTripsMs.map((ms) => ms - beforeMs));
    // Where everything is hit, one answer that took less than the delay is enough, whatever the others say.
    const fastestMs = Math.min(...roundTripsMs);
    if (!partial && fastestMs < limits.lowMs) {
      return judgeDelay(fastestMs - beforeMs, latencyMs, limits, method, about());
    }
    hit = delays.filter((ms) => !partial || ms >= limits.lowMs);
    within = hit.filter((ms) => ms >= limits.lowMs && ms <= limits.highMs);
  }
  // None of the connections drawn, or none answered: no evidence for or against.
  if (hit.length === 0) return undefined;
  return judgeDelay(median(within.length > 0 ? within : hit), latencyMs, limits, method, about());
}

export function judgeDelay(
  delayMs: number,
  latencyMs: number,
  limits: DelayLimits,
  method: string,
  more: Record<string, number>,
): Proof {
  const fits = delayMs >= limits.lowMs && delayMs <= limits.highMs;
  return {
    status: fits ? 'confirmed' : 'mismatch',
    method,
    finding: `measured ${round(delayMs)} ms more than before, ordered ${round(latencyMs)} ms (accepted: ${round(limits.lowMs)} to ${round(limits.highMs)} ms)`,
    measured: { delayMs: round(delayMs), orderedMs: latencyMs, ...more },
  };
}
