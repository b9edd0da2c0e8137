/** An estimate between two ends, each one-sided at level α: together a 1 − 2α interval. May be infinite. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/**
 * The interval of the difference a − b from the intervals of a and b ("method of variance estimates recovery":
 * Zou and Donner 2008; on Wilson intervals it is Newcombe's method 10, 1998).
 */
export function mover(a: Interval, b: Interval): Interval {
  const value = a.value - b.value;
  return {
    value,
    low: value - hypotOf(a.value - a.low, b.high - b.value),
    high: value + hypotOf(a.high - a.value, b.value - b.low),
  };
}

/** What an interval says about a limit on a drift in the bad direction. */
export interface Decision {
  pass: boolean;
  fail: boolean;
}

/**
 * Passed when the whole interval is within the tolerance, failed when it is wholly beyond. With `both`, a drift in the
 * good direction counts as well; α is not split (intersection–union test).
 */
export function decide(drift: Interval, delta: number, direction: 'worse' | 'both'): Decision {
  if (direction === 'worse') return { pass: drift.high <= delta, fail: drift.low > delta };
  return {
    pass: drift.high <= delta && drift.low >= -delta,
    fail: drift.low > delta || drift.high < -delta,
  };
}

/** `Math.hypot` for arms that may be infinite, without NaN from ∞ − ∞ in either. */
function hypotOf(a: number, b: number): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  return Math.hypot(a, b);
}
