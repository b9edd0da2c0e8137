import type { Arm, Dispersion, Spread } from '../dispersion.js';
import type { JudgeWindow, NoiseProfile } from '../input.js';
import type { Decision, Interval } from '../interval.js';
import type { Sample } from '../quantile.js';
import type { Objective, Slo, Tolerance } from '../slo.js';
import type { Bins } from '../sources/bins.js';
import type { ProcessEnd, SourceRecord } from '../sources/source.js';
import type { RateArm } from '../throughput.js';
import type { ValueArm } from '../values.js';

export type WindowKind = JudgeWindow['kind'];
/** The windows of a run by kind; several of a kind (trials) are pooled. */
export type WindowSet = Readonly<Record<WindowKind, readonly JudgeWindow[]>>;

/** The answer to one question (an objective or a tolerance), with the figures that led to it. */
export interface Answer extends Decision {
  /** Objective: the value, as reported. Tolerance: the drift in the bad direction. */
  interval: Interval;
  limit: number;
  unit: 'ratio' | 'seconds' | 'per_second' | 'number' | 'relative';
  method: string;
  dispersion: Dispersion;
  /** Null where the decision is not an interval's. */
  k: number | null;
  df: number | null;
  /** Does it still fail at this level? For the correction for many SLOs. */
  failsAt: (alpha: number) => boolean;
  /** Why no answer is possible at all. */
  impossible?: 'quantile_not_estimable' | 'no_events' | 'baseline_unhealthy' | 'stopped_early';
  /** The value lies among failures: it is "at least". */
  atLeast?: boolean;
  power: number | null;
  smallestTolerance: number | null;
  /** Arrivals a window that would do at this noise. */
  neededN: number | null;
  assumptions: string[];
  /** What was found, where an interval does not say it: "ended with code 1 after 0.2 s (agreed: code 0 within 10 s)". */
  words?: string;
}

/** What the windows were condensed to, by kind; one entry in `arms` (and `spreads`) for each window. */
type Workings =
  | {
      kind: 'ratio';
      report: 'good' | 'bad';
      of: Readonly<Record<WindowKind, { x: number; n: number; arms: Arm[]; spreads: Spread[] }>>;
    }
  | {
      kind: 'quantile';
      q: number;
      /** An arm's bad arrivals are those slower than the windows' own quantile. */
      of: Readonly<Record<WindowKind, { sample: Sample; arms: Arm[]; spreads: Spread[] }>>;
    }
  | { kind: 'rate'; of: Readonly<Record<WindowKind, { arm: RateArm; goodPerSecond: Float64Array[] }>> }
  | { kind: 'values'; of: Readonly<Record<WindowKind, { arm: ValueArm; bins: Bins[] }>> }
  | { kind: 'exits'; of: Readonly<Record<WindowKind, readonly ProcessEnd[]>> };

/** An indicator's data of a run, condensed to what its questions need. One of these for each SLO. */
export interface Evidence {
  unit: 'ratio' | 'seconds' | 'per_second' | 'number';
  /** Arrivals in the windows of a kind. */
  total(kind: WindowKind): number;
  /** Value and interval in the windows of a kind, as reported; undefined: nothing to see. */
  estimate(kind: WindowKind): Interval | undefined;
  objective(objective: Objective, on: readonly WindowKind[], alpha: number): Answer;
  tolerance(tolerance: Tolerance, alpha: number): Answer;
  /** Error episodes and design effect per window: ratios only. */
  episodes?: (kinds: readonly WindowKind[]) => { fewest: number; largestDeff: number; window: string };
  /** Lag-1 autocorrelation of the baseline's batches alone. */
  baselineRho: number;
  /** The figures that the answers were made from, for `explain`. */
  workings: Workings;
}

export interface EvidenceOptions {
  slo: Slo;
  noise: NoiseProfile | undefined;
  stoppedEarly: boolean;
  /** What was recorded for an indicator from elsewhere; undefined: nothing. */
  source?: SourceRecord | undefined;
}

export const ALL_KINDS: readonly WindowKind[] = ['baseline', 'fault', 'recovery'];

/** Least design effect to reckon with, from calibration or from what the scenario says of clusters. */
export function deffFloor({ slo, noise }: Pick<EvidenceOptions, 'slo' | 'noise'>): number {
  return Math.max(1, noise?.deffFloor ?? 1, slo.minClusterSize);
}

/** The windows that a statement on `on` shares its noise with: those themselves, and the baseline. */
export function withBaseline(on: readonly WindowKind[]): WindowKind[] {
  return [...new Set<WindowKind>(['baseline', ...on])];
}
