/** Consecutive good buckets that count as recovered, and consecutive bad ones that count as impact or relapse. */
export const GOOD_RUN = 5;
export const BAD_RUN = 3;

/** Buckets of `widthS`, in order; `bad` of `total` arrivals, or anything else that `isBad` can judge. */
export interface Buckets {
  widthS: number;
  /** Start of the first bucket, seconds on the run's clock. */
  fromS: number;
  isBad: readonly boolean[];
  /** For the cross-check; absent where the metric is no share. */
  counts?: { x: Float64Array; n: Float64Array; limit: number };
}

export interface Recovery {
  /** Start of the first run of good buckets, from the first bucket on, in seconds; null: censored, not seen. */
  seconds: number | null;
  /** How long it was looked for. */
  observedS: number;
  /** How often it went bad again after a run of good buckets. */
  relapses: number;
  /** The same by the other method; null: it saw no recovery, or did not apply. */
  crossCheckS: number | null;
}

/** Time to impact: the start of the first run of bad buckets, in seconds from the first bucket; null: none. */
export function timeToImpact({ isBad, widthS }: Buckets): number | null {
  const start = runStart(isBad, true, BAD_RUN, 0);
  return start === null ? null : start * widthS;
}

/**
 * Time to sustained health, counted from the first bucket; looked for from bucket `after` on (the impact). After a
 * relapse only what follows it counts.
 */
export function timeToRecover(buckets: Buckets, after = 0): Recovery {
  const { isBad, widthS } = buckets;
  const observedS = isBad.length * widthS;
  let start = runStart(isBad, false, GOOD_RUN, after);
  let relapses = 0;
  let from = after;
  while (start !== null) {
    const relapse = runStart(isBad, true, BAD_RUN, start + GOOD_RUN);
    if (relapse === null) break;
    relapses++;
    from = relapse;
    start = runStart(isBad, false, GOOD_RUN, relapse);
  }
  const cross = buckets.counts ? cusum(buckets.counts, from) : null;
  return {
    seconds: start === null ? null : start * widthS,
    observedS,
    relapses,
    crossCheckS: cross === null ? null : cross * widthS,
  };
}

export type RecoveryVerdict = 'passed' | 'failed' | 'inconclusive';

/** `start` is an interval (start − w, start], since health could have begun anywhere in the bucket before. */
export function judgeRecovery(recovery: Recovery, widthS: number, limitS: number): RecoveryVerdict {
  if (recovery.seconds === null) {
    return recovery.observedS >= limitS + GOOD_RUN * widthS ? 'failed' : 'inconclusive';
  }
  if (recovery.seconds <= limitS) return 'passed';
  return recovery.seconds - widthS > limitS ? 'failed' : 'inconclusive';
}

/** How wide a bucket must be for `limit` of it to be at least ten arrivals; 1 s where such a width does not fit. */
export function bucketWidth(options: { limit: number; ratePerSecond: number; observedS: number; withinS: number }): {
  widthS: number;
  coarse: boolean;
} {
  const { limit, ratePerSecond, observedS, withinS } = options;
  if (!(ratePerSecond > 0)) return { widthS: 1, coarse: true };
  // A bucket wider than a fifth of the limit would blur the very time that is asked for.
  const fits = (widthS: number, most: number): boolean =>
    widthS <= Math.max(1, most) && withinS + GOOD_RUN * widthS <= observedS;
  const fine = Math.max(1, Math.ceil(10 / (limit * ratePerSecond)));
  if (fits(fine, withinS / GOOD_RUN)) return { widthS: fine, coarse: false };
  // At least so wide that a bucket without an arrival means something.
  const least = Math.max(1, Math.ceil(7 / ratePerSecond));
  return { widthS: fits(least, withinS) ? least : 1, coarse: true };
}

/**
 * CUSUM on the Poisson likelihood ratio (Page 1954) between a bad state with twice the limit and a good one with a fifth
 * of it. Recovered when it passes 5, at its last zero. Bucket index; null: never.
 */
function cusum(counts: { x: Float64Array; n: Float64Array; limit: number }, from: number): number | null {
  const bad = Math.min(0.999, 2 * counts.limit);
  const good = Math.min(counts.limit / 5, bad / 10);
  if (!(good > 0)) return null;
  let sum = 0;
  let zero = from;
  for (let i = from; i < counts.n.length; i++) {
    const x = counts.x[i] ?? 0;
    const n = counts.n[i] ?? 0;
    sum += x * Math.log(good / bad) + (n - x) * Math.log((1 - good) / (1 - bad));
    if (sum <= 0) {
      sum = 0;
      zero = i + 1;
    }
    if (sum > 5) return zero;
  }
  return null;
}

/** Index of the first of `length` buckets in a row that are bad (or good), from `from` on. */
function runStart(isBad: readonly boolean[], bad: boolean, length: number, from: number): number | null {
  let run = 0;
  for (let i = from; i < isBad.length; i++) {
    run = isBad[i] === bad ? run + 1 : 0;
    if (run === length) return i - length + 1;
  }
  return null;
}
