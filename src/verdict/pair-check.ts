import type { Answer, EvidenceOptions, WindowSet } from './evidence/evidence.js';
import { gatherEvidence } from './evidence/gather.js';
import type { PartJudgement, Reason } from './judgement.js';
import type { Slo, Tolerance } from './slo.js';
import { judgePairs, judgeSinglePair, type Pair, type PairsResult } from './trials.js';
import type { Interval } from './interval.js';
import { finiteEstimate, formatDrift, significant } from './words.js';

/** Heterogeneity from which trials are said to disagree. */
const MIXED = 0.5;

export interface PairCheck {
  pass: boolean;
  fail: boolean;
  failsAt: (alpha: number) => boolean;
  reason: Reason | undefined;
  assumption: string;
  /** Each trial's drift on the scale of the test, the tolerance on it, and with two or more what they add up to. */
  pairs: Pair[];
  delta: number;
  result: PairsResult | undefined;
}

/**
 * The test between windows, which has to agree with the pooled test within them: with repeated trials on the pairs, with
 * one on the noise profile's variation between windows. Undefined where neither exists, or a pair is incomplete.
 */
export function checkPairs(
  windows: WindowSet,
  tolerance: Tolerance,
  options: EvidenceOptions,
  alpha: number,
): PairCheck | undefined {
  const trials = [...new Set(windows.fault.map(({ trial }) => trial))];
  const betweenSd = options.noise?.betweenWindowsSd;
  if (options.stoppedEarly || (trials.length < 2 && betweenSd === undefined)) return undefined;
  const pairs = trials.flatMap((trial) => {
    const own: WindowSet = {
      baseline: windows.baseline.filter((window) => window.trial === trial),
      fault: windows.fault.filter((window) => window.trial === trial),
      recovery: [],
    };
    const evidence = gatherEvidence(own, options);
    if (evidence.total('baseline') === 0 || evidence.total('fault') === 0) return [];
    return [pairOf(trial, evidence.tolerance(tolerance, alpha), options.slo)];
  });
  const { direction } = options.slo;
  const delta = scale(tolerance.value, tolerance.type === 'relative', options.slo);
  const only = pairs[0];
  if (!only) return undefined;
  if (pairs.length === 1) {
    if (betweenSd === undefined) return undefined;
    const at = (level: number) => judgeSinglePair(only, betweenSd, { delta, alpha: level, direction });
    const { pass, fail } = at(alpha);
    return {
      pass,
      fail,
      failsAt: (level) => at(level).fail,
      reason: undefined,
      assumption: 'windows differ by themselves as the noise profile says',
      pairs,
      delta,
      result: undefined,
    };
  }
  const at = (level: number): PairsResult => judgePairs(pairs, { delta, alpha: level, direction });
  const result = at(alpha);
  return {
    pass: result.pass,
    fail: result.fail,
    failsAt: (level) => at(level).fail,
    reason: disagreement(result, pairs, tolerance),
    assumption: `${pairs.length} trials: the variation between windows is in the verdict`,
    pairs,
    delta,
    result,
  };
}

/** Does an earlier fault still show in a later baseline? Each is compared with the first one, by the same statistics. */
export function carryOver(windows: WindowSet, options: EvidenceOptions, alpha: number): Reason | undefined {
  const [first, ...later] = windows.baseline;
  if (!first || options.stoppedEarly) return undefined;
  for (const window of later) {
    const evidence = gatherEvidence({ baseline: [first], fault: [window], recovery: [] }, options);
    if (options.slo.tolerances.some((tolerance) => evidence.tolerance(tolerance, alpha).fail)) {
      return {
        code: 'carry_over',
        window: 'baseline',
        observed: `the baseline of trial ${window.trial} differs from the first`,
        message: `the baseline of trial ${window.trial} is worse than the first one by more than the tolerance: an earlier fault may still show`,
        hint: 'Give the system more time to recover between trials.',
      };
    }
  }
  return undefined;
}

/** On the scale of the test: logarithms where the tolerance is relative. */
function pairOf(trial: number, answer: Answer, slo: Slo): Pair {
  const relative = answer.unit === 'relative';
  const { interval, k } = answer;
  const drift = {
    value: scale(interval.value, relative, slo),
    low: scale(interval.low, relative, slo),
    high: scale(interval.high, relative, slo),
  };
  return { trial, drift, se: k === null ? 0 : (drift.high - drift.low) / (2 * k) };
}

/** What the result keeps of the trials, back in the unit of the drift. */
export function trialsOf({ pairs, result }: PairCheck, relative: boolean, slo: Slo): PartJudgement['trials'] {
  if (!result) return undefined;
  const back = (x: number): number => (relative ? unscale(x, slo) : x);
  const estimate = ({ value, low, high }: Interval) =>
    finiteEstimate({ value: back(value), low: back(low), high: back(high) });
  return {
    drifts: pairs.map(({ trial, drift }) => {
      const { value, low, high } = estimate(drift);
      return { trial, drift: value, low, high };
    }),
    mean: estimate(result),
    heterogeneity: result.heterogeneity,
    prediction: estimate(result.prediction),
  };
}

/** The inverse of `scale` for a relative drift. */
function unscale(x: number, slo: Slo): number {
  return slo.indicator.type === 'throughput' ? -Math.expm1(-x) : Math.expm1(x);
}

function scale(drift: number, relative: boolean, slo: Slo): number {
  if (!relative) return drift;
  // A fall of goodput by 3 % is −ln 0.97; a rise of latency by 3 % is ln 1.03.
  return slo.indicator.type === 'throughput' ? -Math.log1p(-Math.min(drift, 1 - 1e-12)) : Math.log1p(drift);
}

function disagreement(result: PairsResult, pairs: readonly Pair[], tolerance: Tolerance): Reason | undefined {
  if (result.outlier !== undefined) {
    return {
      code: 'mixed_trials',
      observed: `trial ${result.outlier} lies beyond ${formatDrift(tolerance.value, unitOf(tolerance))}`,
      required: 'trials that agree',
      message: `on average the trials pass, but trial ${result.outlier} lies wholly beyond the tolerance`,
      hint: 'Look at that trial alone, and run more of them.',
    };
  }
  if (result.heterogeneity <= MIXED) return undefined;
  return {
    code: 'mixed_trials',
    observed: `${significant(result.heterogeneity * 100, 3)} % of the variation is between the ${pairs.length} trials`,
    required: `at most ${MIXED * 100} %`,
    message: 'the trials differ by more than their own noise',
    hint: 'Find out what differs between trials, or run more of them.',
  };
}

function unitOf(tolerance: Tolerance): 'ratio' | 'relative' | 'seconds' {
  return ({ points: 'ratio', relative: 'relative', seconds: 'seconds' } as const)[tolerance.type];
}
