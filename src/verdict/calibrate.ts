import type { Random } from '../support/random.js';
import { spreadOf, type Arm } from './dispersion.js';
import type { EvidenceOptions, WindowSet } from './evidence/evidence.js';
import { gatherEvidence } from './evidence/gather.js';
import type { JudgeWindow, NoiseProfile } from './input.js';
import type { SloNoise } from './noise-profile.js';
import { quantileInterval } from './quantile.js';
import type { Slo } from './slo.js';

/** Seconds without an error that end an episode. */
const EPISODE_GAP_S = 3;
/** Below this design effect errors are said to come one by one. */
const BURSTY = 2;
/** One standard error to each side. */
const ONE = 1;

/**
 * The noise of an SLO's indicator from windows in which nothing was broken (at least two, of equal length and load).
 * Pure: `chance` chooses the pairs of windows that are compared for false alarms.
 */
export function noiseOf(windows: readonly JudgeWindow[], slo: Slo, chance: Random, resampled = 200): SloNoise {
  const each = windows.map((window) => lookAt(window, slo));
  const { arms } = lookAtAll(windows, slo);
  const together = arms.length > 0 ? spreadOf(joined(arms), 20 * arms.length) : undefined;
  const rhos = arms.map((arm) => spreadOf(arm).rho);
  const designEffect = together?.deff ?? 1;
  const episodes =
    slo.indicator.type === 'latency' || slo.indicator.type === 'throughput' ? [] : arms.flatMap(episodesOf);
  const seconds = arms.reduce((sum, arm) => sum + arm.totalPerSecond.length, 0);
  const values = each.flatMap(({ value }) => (value === null ? [] : [value]));
  const ses = each.flatMap(({ se }) => (se === null ? [] : [se]));
  const within = ses.length > 0 ? mean(ses.map((se) => se * se)) : 0;
  const levels = each.flatMap(({ level }) => (level === null ? [] : [level]));
  return {
    indicator: slo.indicatorText,
    designEffect,
    rho: rhos.length > 0 ? mean(rhos) : 0,
    burstLengthS: designEffect > BURSTY && episodes.length > 0 ? mean(episodes.map(({ seconds }) => seconds)) : null,
    episodesPerHour: episodes.length > 0 && seconds > 0 ? (episodes.length / seconds) * 3600 : null,
    episodeSize: episodes.length > 0 ? mean(episodes.map(({ bad }) => bad)) : null,
    betweenWindowsSd: values.length > 1 ? Math.sqrt(Math.max(0, variance(values) - within)) : 0,
    level: levels.length > 0 ? mean(levels) : null,
    windowSe: ses.length > 0 ? Math.sqrt(within) : null,
    windowArrivals: mean(each.map(({ n }) => n)),
    falseAlarms: falseAlarms(windows, slo, chance, resampled),
  };
}

/** What judging takes from a calibrated noise. */
export function profileOf(noise: SloNoise): NoiseProfile {
  return {
    deffFloor: noise.designEffect,
    ...(noise.burstLengthS === null ? {} : { burstLengthS: noise.burstLengthS }),
    betweenWindowsSd: noise.betweenWindowsSd,
  };
}

/** Pairs of windows with nothing broken, compared as baseline and fault: each failure is a false alarm. */
function falseAlarms(
  windows: readonly JudgeWindow[],
  slo: Slo,
  chance: Random,
  pairs: number,
): SloNoise['falseAlarms'] {
  const counts = { pairs: 0, failed: 0, passed: 0, pointRuleFailed: 0 };
  if (slo.tolerances.length === 0 || windows.length < 2) return counts;
  for (let i = 0; i < pairs; i++) {
    const a = Math.floor(chance.next() * windows.length);
    const b = (a + 1 + Math.floor(chance.next() * (windows.length - 1))) % windows.length;
    const evidence = gatherEvidence(pairOf(windows[a], windows[b]), optionsFor(slo));
    const answers = slo.tolerances.map((tolerance) => evidence.tolerance(tolerance, 1 - slo.confidence));
    const any = slo.combine === 'any';
    const holds = (what: boolean[]): boolean => (any ? what.some(Boolean) : what.every(Boolean));
    counts.pairs++;
    if (!holds(answers.map(({ fail }) => !fail))) counts.failed++;
    else if (holds(answers.map(({ pass }) => pass))) counts.passed++;
    if (!holds(answers.map(({ interval, limit }) => interval.value <= limit))) counts.pointRuleFailed++;
  }
  return counts;
}

/** One window's value and standard error on the scale of its test, and its level as people know it. */
function lookAt(
  window: JudgeWindow,
  slo: Slo,
): { value: number | null; se: number | null; level: number | null; n: number } {
  const evidence = gatherEvidence({ baseline: [window], fault: [], recovery: [] }, optionsFor(slo));
  const n = evidence.total('baseline');
  const { workings } = evidence;
  const nothing = { value: null, se: null, level: null, n };
  if (n === 0) return nothing;
  switch (workings.kind) {
    case 'ratio': {
      const { x, spreads } = workings.of.baseline;
      const p = x / n;
      return { value: p, se: Math.sqrt((p * (1 - p) * (spreads[0]?.deff ?? 1)) / n), level: p, n };
    }
    case 'quantile': {
      const { sample, spreads } = workings.of.baseline;
      const { value, low, high } = quantileInterval(sample, workings.q, ONE, spreads[0]?.deff ?? 1);
      if (!(value > 0) || !(low > 0) || !Number.isFinite(high)) return nothing;
      return { value: Math.log(value), se: Math.log(high / low) / (2 * ONE), level: value, n };
    }
    case 'rate': {
      const { arm } = workings.of.baseline;
      if (!(arm.mean > 0)) return nothing;
      return { value: Math.log(arm.mean), se: Math.sqrt(arm.variance), level: arm.mean, n };
    }
    case 'values':
    case 'exits':
      return nothing;
  }
}

/** Bad arrivals second by second in every window; for a quantile, those slower than the quantile of all together. */
function lookAtAll(windows: readonly JudgeWindow[], slo: Slo): { arms: Arm[] } {
  const { workings } = gatherEvidence({ baseline: windows, fault: [], recovery: [] }, optionsFor(slo));
  return { arms: workings.kind === 'ratio' || workings.kind === 'quantile' ? workings.of.baseline.arms : [] };
}

/** Windows one after another; each gives whole batches of its own. */
function joined(arms: readonly Arm[]): Pick<Arm, 'badPerSecond' | 'totalPerSecond'> {
  const length = Math.min(...arms.map(({ totalPerSecond }) => totalPerSecond.length));
  const whole = Math.floor(length / 20) * 20;
  const join = (of: (arm: Arm) => Float64Array): Float64Array =>
    Float64Array.from(arms.flatMap((arm) => [...of(arm).subarray(0, whole)]));
  return { badPerSecond: join((arm) => arm.badPerSecond), totalPerSecond: join((arm) => arm.totalPerSecond) };
}

function episodesOf({ badPerSecond }: Arm): { seconds: number; bad: number }[] {
  const found: { from: number; last: number; bad: number }[] = [];
  for (const [second, bad] of badPerSecond.entries()) {
    if (bad === 0) continue;
    const open = found.at(-1);
    if (open && second - open.last < EPISODE_GAP_S) Object.assign(open, { last: second, bad: open.bad + bad });
    else found.push({ from: second, last: second, bad });
  }
  return found.map(({ from, last, bad }) => ({ seconds: last - from + 1, bad }));
}

function pairOf(a: JudgeWindow | undefined, b: JudgeWindow | undefined): WindowSet {
  return { baseline: a ? [a] : [], fault: b ? [b] : [], recovery: [] };
}

function optionsFor(slo: Slo): EvidenceOptions {
  return { slo, noise: undefined, stoppedEarly: false };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/** The observed false-alarm rate in words. */
export function falseAlarmText({ pairs, failed, pointRuleFailed }: SloNoise['falseAlarms']): string {
  if (pairs === 0) return 'has no tolerance, so nothing to compare';
  const percent = (count: number): string => `${Number(((count / pairs) * 100).toPrecision(2))} %`;
  return `false alarms ${percent(failed)} of ${pairs} pairs (at most 5 % are meant); by the point estimate alone ${percent(pointRuleFailed)}`;
}
