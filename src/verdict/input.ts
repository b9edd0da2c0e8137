import type { Slo } from './slo.js';
import type { SourceRecord } from './sources/source.js';

/**
 * What judging works on: plain arrays. `verdict/` imports nothing of the rest, so this is its own view of the arrivals;
 * `result/` fills it from the records.
 */
export interface StreamArrivals {
  stream: string;
  model: 'open' | 'closed';
  /** Open model: the planned rate in the window. */
  plannedRatePerSecond?: number;
  requests: string[];
  /** Seconds, by position in `requests`. */
  deadlinesS: number[];
  /** Columns; the same length each. Not sorted. Several parts of a run share them. */
  /** Microseconds from t0. */
  dueUs: Float64Array | Uint32Array;
  responseUs: Uint32Array;
  status: Uint16Array;
  /** Position in the list of outcomes; 0 is ok. */
  outcome: Uint8Array;
  /** Position in `requests`. */
  request: Uint8Array;
  /** Which of the columns' arrivals belong here; absent: all. */
  part?: StreamPart;
}

/** A part of a stream's columns: what meets all of these. */
export interface StreamPart {
  /** Positions [from, to). */
  from: number;
  to: number;
  /** A mark for each arrival of the columns, and the one that belongs. */
  marks?: Uint8Array;
  mark?: number;
  /** Due at this moment or later. */
  sinceUs: number;
  /** The outcome that is left out; −1: none. */
  without: number;
}

export interface JudgeWindow {
  kind: 'baseline' | 'fault' | 'recovery';
  trial: number;
  /** Edges in microseconds from t0: [start, end). */
  startUs: number;
  endUs: number;
  /** Only arrivals that belong to the window. */
  streams: StreamArrivals[];
  /** How many arrivals were dropped at the in-flight cap, by stream name. */
  dropped: Readonly<Record<string, number>>;
  /** Empty while the load driver was well; else the gates that broke, in words. By model. */
  driverInvalid: { open: string[]; closed: string[] };
  /** 99th percentile of scheduling lag over the window, milliseconds, by model. */
  schedulingLagP99Ms: { open: number; closed: number };
}

export interface JudgeInput {
  slos: Slo[];
  windows: JudgeWindow[];
  /** All arrivals of the run from the start of the baseline on: for the recovery clock. */
  timeline: StreamArrivals[];
  faults: {
    id: string;
    duration: 'instant' | 'lasting';
    /** `missing`: never got as far as a proof. */
    proof: 'confirmed' | 'mismatch' | 'unknown' | 'missing';
    proofOptional: boolean;
    /** Reason codes that the proof raised, e.g. `link_traffic_unverified`. */
    concerns: 'link_traffic_unverified'[];
    requestedUs: number | undefined;
    provenUs: number | undefined;
    undoProvenUs: number | undefined;
  }[];
  /** Last arrival due: the end of observation, microseconds from t0. */
  endUs: number;
  /** Set when the run ended before its plan: nothing but the confidence sequence may decide. */
  stoppedEarly: boolean;
  /** Planned looks (O'Brien and Fleming): this is look `done` of `planned`. Absent: one look, at the end. */
  looks?: { done: number; planned: number };
  /** What is known of the system's noise from calibration, by SLO name. */
  noise?: Readonly<Record<string, NoiseProfile>>;
  /** What was recorded for indicators that do not come from arrivals, by the `source` of the indicator. */
  sources?: Readonly<Record<string, SourceRecord>>;
}

/** The noise of one indicator while nothing is broken. */
export interface NoiseProfile {
  /** Design effect that is at least assumed. */
  deffFloor?: number;
  /** Mean length of an error burst, seconds. */
  burstLengthS?: number;
  /** Standard deviation between windows: of a share, of ln(quantile) or of ln(goodput). */
  betweenWindowsSd?: number;
}
