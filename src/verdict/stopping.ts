import type { Dispersion } from './dispersion.js';
import type { Decision, Interval } from './interval.js';
import { clopperPearson, shrink, type Count } from './ratio.js';
import { logGamma } from './special.js';

const PRIOR_SHAPE = 0.5;
/** Stakes of the betting e-process, as shares of the largest that keeps every factor above zero. */
const STAKES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.9];
/** Seconds of a betting block; the shorter one for windows that a stop cut to less than two long ones. */
const BLOCK_S = 10;
const SHORT_BLOCK_S = 5;

/**
 * Gamma-mixture e-process of a rate: evidence against `mu` after X events in N arrivals, whenever one looks
 * (Howard, Ramdas et al. 2021). Logarithm.
 */
export function logEvidence({ x, n }: Count, mu: number, scale: number): number {
  const a = PRIOR_SHAPE;
  return (
    logGamma(a + x) - logGamma(a) + a * Math.log(scale) - (a + x) * Math.log(scale + n) - x * Math.log(mu) + mu * n
  );
}

/** Confidence sequence of a bad share: holds at every moment at once, so also at one that nobody planned. */
export function confidenceSequence(count: Count, guess: number, alpha: number): Interval {
  const { x, n } = count;
  const value = n > 0 ? Math.min(1, x / n) : 0;
  if (!(n > 0)) return { value, low: 0, high: 1 };
  const scale = PRIOR_SHAPE / guess;
  const limit = Math.log(2 / alpha);
  const inside = (mu: number): boolean => logEvidence(count, mu, scale) < limit;
  // The evidence is convex in mu with its least at x/n: one end on either side.
  const least = Math.max(value, 1e-300);
  const low = x <= 0 ? 0 : bisect((mu) => inside(mu), 1e-12 * least, least);
  const high = inside(1) ? 1 : bisect((mu) => !inside(mu), least, 1);
  return { value, low, high };
}

/**
 * Drift of a bad share after an unplanned stop: confidence sequence for the fault window, exact interval at α/2 for the
 * baseline, whose end was planned.
 */
export function stoppedDrift(question: {
  fault: Count;
  base: Count;
  dispersion: Dispersion;
  alpha: number;
  delta: number;
}): Interval & Decision {
  const fault = shrink(question.fault, question.dispersion.D);
  const base = shrink(question.base, question.dispersion.D);
  const before = clopperPearson(base, question.alpha / 2);
  const during = confidenceSequence(fault, Math.max(before.value, 1 / base.n), question.alpha);
  const low = during.low - before.high;
  const high = during.high - before.low;
  return {
    value: during.value - before.value,
    low,
    high,
    pass: high <= question.delta,
    fail: low > question.delta,
  };
}

/** A bad share in a window that was cut short, against its limit. */
export function stoppedObjective(question: {
  count: Count;
  guess: number;
  dispersion: Dispersion;
  alpha: number;
  max: number;
}): Interval & Decision {
  const interval = confidenceSequence(shrink(question.count, question.dispersion.D), question.guess, question.alpha);
  return { ...interval, pass: interval.high <= question.max, fail: interval.low > question.max };
}

/**
 * Betting e-process against "the bad share is at most mu" (Waudby-Smith and Ramdas 2024): valid at any stopping time, and
 * under bursts shorter than a block. Stakes scale with mu, so that no factor can be negative.
 */
export interface BettingProcess {
  /**
   * Adds a block by its share of bad arrivals; returns the evidence so far. It rejects at level α from 1/α on. A block
   * that the stop cut off counts by the part of it that was seen.
   */
  add(badShare: number, seen?: number): number;
}

export function bettingProcess(mu: number): BettingProcess {
  const wealth = STAKES.map(() => 1);
  return {
    add(badShare, seen = 1) {
      for (const [j, stake] of STAKES.entries()) {
        wealth[j] = (wealth[j] ?? 1) * (1 + (stake / mu) * (badShare - mu) * seen);
      }
      return wealth.reduce((sum, w) => sum + w, 0) / wealth.length;
    },
  };
}

/** The second at which the betting e-process rejects "at most mu" at level alpha; null: never. */
export function bettingStop(
  arm: { badPerSecond: Float64Array; totalPerSecond: Float64Array },
  mu: number,
  alpha: number,
): number | null {
  const process = bettingProcess(mu);
  const seconds = arm.totalPerSecond.length;
  const blockS = seconds < 2 * BLOCK_S ? SHORT_BLOCK_S : BLOCK_S;
  for (let from = 0; from < seconds; from += blockS) {
    const to = Math.min(seconds, from + blockS);
    let x = 0;
    let n = 0;
    for (let s = from; s < to; s++) {
      x += arm.badPerSecond[s] ?? 0;
      n += arm.totalPerSecond[s] ?? 0;
    }
    if (n > 0 && process.add(x / n, (to - from) / blockS) >= 1 / alpha) return to;
  }
  return null;
}

/** The place in [low, high] (on a logarithmic scale) where `holds` turns from false to true. */
function bisect(holds: (value: number) => boolean, low: number, high: number): number {
  let a = Math.log(low);
  let b = Math.log(high);
  for (let i = 0; i < 80 && b - a > 1e-12; i++) {
    const middle = (a + b) / 2;
    if (holds(Math.exp(middle))) b = middle;
    else a = middle;
  }
  return Math.exp((a + b) / 2);
}
