import type { JudgeInput, JudgeWindow, StreamArrivals } from '../../src/verdict/input.js';
import type { Slo } from '../../src/verdict/slo.js';

/** One generated arrival. `outcome` 0 is ok. */
export interface Made {
  dueS: number;
  responseS?: number;
  status?: number;
  outcome?: number;
  request?: number;
}

export interface StreamOptions {
  name?: string;
  model?: 'open' | 'closed';
  rate?: number;
  requests?: string[];
  deadlinesS?: number[];
}

/** Columns from arrivals. */
export function streamOf(made: readonly Made[], options: StreamOptions = {}): StreamArrivals {
  const { name = 'main', model = 'open', requests = ['get'], deadlinesS = requests.map(() => 2) } = options;
  return {
    stream: name,
    model,
    ...(options.rate === undefined ? {} : { plannedRatePerSecond: options.rate }),
    requests,
    deadlinesS,
    dueUs: Float64Array.from(made, ({ dueS }) => Math.round(dueS * 1e6)),
    responseUs: Uint32Array.from(made, ({ responseS }) => Math.round((responseS ?? 0.02) * 1e6)),
    status: Uint16Array.from(made, ({ status, outcome }) => status ?? (outcome ? 0 : 200)),
    outcome: Uint8Array.from(made, ({ outcome }) => outcome ?? 0),
    request: Uint8Array.from(made, ({ request }) => request ?? 0),
  };
}

/** Even arrivals at `rate` in [fromS, toS); `describe` says what becomes of arrival i at second t. */
export function even(
  fromS: number,
  toS: number,
  rate: number,
  describe: (i: number, dueS: number) => Omit<Made, 'dueS'> = () => ({}),
): Made[] {
  const count = Math.round((toS - fromS) * rate);
  return Array.from({ length: count }, (_, i) => {
    const dueS = fromS + i / rate;
    return { dueS, ...describe(i, dueS) };
  });
}

export function windowOf(
  kind: JudgeWindow['kind'],
  startS: number,
  endS: number,
  streams: StreamArrivals[],
  more: Partial<JudgeWindow> = {},
): JudgeWindow {
  return {
    kind,
    trial: 1,
    startUs: startS * 1e6,
    endUs: endS * 1e6,
    streams,
    dropped: {},
    driverInvalid: { open: [], closed: [] },
    schedulingLagP99Ms: { open: 1, closed: 1 },
    ...more,
  };
}

/** The arrivals of a stream that are due in [fromS, toS). */
function cut(stream: StreamArrivals, fromS: number, toS: number): StreamArrivals {
  const keep = [...stream.dueUs.keys()].filter((i) => {
    const due = stream.dueUs[i] ?? 0;
    return due >= fromS * 1e6 && due < toS * 1e6;
  });
  return {
    ...stream,
    dueUs: Float64Array.from(keep, (i) => stream.dueUs[i] ?? 0),
    responseUs: Uint32Array.from(keep, (i) => stream.responseUs[i] ?? 0),
    status: Uint16Array.from(keep, (i) => stream.status[i] ?? 0),
    outcome: Uint8Array.from(keep, (i) => stream.outcome[i] ?? 0),
    request: Uint8Array.from(keep, (i) => stream.request[i] ?? 0),
  };
}

/**
 * A run of one pass: baseline [0, b), fault [b, b + f), recovery [b + f, b + f + r), with one lasting fault that was
 * proven at the start of the fault window, and its undo at the start of the recovery.
 */
export function runOf(
  slos: Slo[],
  timeline: StreamArrivals[],
  phases: { baselineS: number; faultS: number; recoveryS: number },
  more: Partial<JudgeInput> = {},
): JudgeInput {
  const { baselineS: b, faultS: f, recoveryS: r } = phases;
  const piece = (from: number, to: number): StreamArrivals[] => timeline.map((stream) => cut(stream, from, to));
  const windows = [windowOf('baseline', 0, b, piece(0, b)), windowOf('fault', b, b + f, piece(b, b + f))];
  if (r > 0) windows.push(windowOf('recovery', b + f, b + f + r, piece(b + f, b + f + r)));
  return {
    slos,
    windows,
    timeline,
    faults: [
      {
        id: 'slow',
        duration: 'lasting',
        proof: 'confirmed',
        proofOptional: false,
        concerns: [],
        requestedUs: b * 1e6,
        provenUs: b * 1e6,
        undoProvenUs: (b + f) * 1e6,
      },
    ],
    endUs: (b + f + r) * 1e6,
    stoppedEarly: false,
    ...more,
  };
}

/** An SLO with defaults filled in. */
export function sloOf(more: Partial<Slo> & Pick<Slo, 'indicator'>): Slo {
  return {
    name: more.indicator.type,
    indicatorText: more.indicator.type,
    severity: 'critical',
    tolerances: [],
    combine: 'all',
    direction: 'worse',
    confidence: 0.95,
    minClusterSize: 1,
    ...more,
  };
}

export const availability = sloOf({
  name: 'availability',
  indicator: { type: 'availability' },
  objective: { op: '>=', value: 0.999, during: 'fault' },
  tolerances: [{ type: 'points', value: 0.001 }],
});
export const p95 = sloOf({
  name: 'p95',
  indicator: { type: 'latency', quantile: 0.95, population: 'all' },
  objective: { op: '<=', value: 0.25, during: 'fault' },
  tolerances: [{ type: 'seconds', value: 0.05 }],
  recoverWithinS: 5,
});
