import type { Arm } from './dispersion.js';
import type { JudgeWindow, StreamArrivals } from './input.js';
import type { Slo } from './slo.js';
import type { Sample } from './quantile.js';

/** One stream as an SLO sees it: all of it, or one of its requests. */
export interface Selected {
  arrivals: StreamArrivals;
  /** Position in `arrivals.requests`; undefined: all. */
  request: number | undefined;
}

/** Judges one arrival: position `i` in the columns of `arrivals`. */
export type Test = (arrivals: StreamArrivals, i: number) => boolean;

/** A last second that is short by less than this was whole but for the edges' own jitter. */
const EDGE_S = 0.05;

/**
 * What an SLO is about: its stream, else all open-model streams (that have its request), else, where there is no open
 * one, all streams.
 */
export function select(streams: readonly StreamArrivals[], slo: Pick<Slo, 'stream' | 'request'>): Selected[] {
  const named: Selected[] = [];
  for (const arrivals of streams) {
    if (slo.stream !== undefined && arrivals.stream !== slo.stream) continue;
    if (slo.request === undefined) named.push({ arrivals, request: undefined });
    else if (arrivals.requests.includes(slo.request)) {
      named.push({ arrivals, request: arrivals.requests.indexOf(slo.request) });
    }
  }
  if (slo.stream !== undefined) return named;
  const open = named.filter(({ arrivals }) => arrivals.model === 'open');
  return open.length > 0 ? open : named;
}

/** Visits each selected arrival. */
export function visit(selected: readonly Selected[], see: (arrivals: StreamArrivals, i: number) => void): void {
  for (const { arrivals, request } of selected) {
    const count = arrivals.dueUs.length;
    for (let i = 0; i < count; i++) {
      if (request === undefined || arrivals.request[i] === request) see(arrivals, i);
    }
  }
}

/** Whole seconds of a window, counted from its start. */
export function wholeSeconds(window: Pick<JudgeWindow, 'startUs' | 'endUs'>): number {
  return Math.max(0, Math.floor((window.endUs - window.startUs) / 1e6 + EDGE_S));
}

/**
 * Counts a window, in total and per second, keyed on due time. An arrival that belongs to the window but was due before
 * its start (in flight at an instant fault) counts in the totals only.
 */
export function countArm(
  selected: readonly Selected[],
  window: Pick<JudgeWindow, 'startUs' | 'endUs'>,
  isBad: Test,
  belongs?: Test,
): Arm {
  const seconds = wholeSeconds(window);
  const arm: Arm = { x: 0, n: 0, badPerSecond: new Float64Array(seconds), totalPerSecond: new Float64Array(seconds) };
  const { badPerSecond, totalPerSecond } = arm;
  visit(selected, (arrivals, i) => {
    if (belongs && !belongs(arrivals, i)) return;
    const bad = isBad(arrivals, i) ? 1 : 0;
    arm.x += bad;
    arm.n += 1;
    const second = Math.floor(((arrivals.dueUs[i] ?? 0) - window.startUs) / 1e6);
    if (second < 0 || second >= seconds) return;
    badPerSecond[second] = (badPerSecond[second] ?? 0) + bad;
    totalPerSecond[second] = (totalPerSecond[second] ?? 0) + 1;
  });
  return arm;
}

/** Sorted response times; with population `ok` the failures are left out. */
export function sampleOf(selected: readonly Selected[], population: 'all' | 'ok'): Sample {
  let ok = 0;
  let failed = 0;
  visit(selected, (arrivals, i) => {
    if (arrivals.outcome[i] === 0) ok++;
    else failed++;
  });
  const okUs = new Uint32Array(ok);
  const failedUs = new Float64Array(population === 'all' ? failed : 0);
  let atOk = 0;
  let atFailed = 0;
  visit(selected, (arrivals, i) => {
    if (arrivals.outcome[i] === 0) okUs[atOk++] = arrivals.responseUs[i] ?? 0;
    else if (population === 'all') failedUs[atFailed++] = deadlineUs(arrivals, i);
  });
  return { okUs: okUs.sort(), failedUs: failedUs.sort() };
}

/** The deadline of an arrival, microseconds. */
function deadlineUs(arrivals: StreamArrivals, i: number): number {
  return (arrivals.deadlinesS[arrivals.request[i] ?? 0] ?? Infinity) * 1e6;
}

/** The part of a window in [fromUs, toUs): same columns, shared where nothing is cut. */
export function slice(window: JudgeWindow, fromUs: number, toUs: number): JudgeWindow {
  const streams = window.streams.map((arrivals): StreamArrivals => {
    const all = arrivals.dueUs.length;
    const inside = (i: number): boolean => {
      const due = arrivals.dueUs[i] ?? 0;
      return due >= fromUs && due < toUs;
    };
    const cut = columnsWhere(arrivals, inside);
    return cut.dueUs.length === all ? arrivals : { ...arrivals, ...cut };
  });
  return { ...window, startUs: fromUs, endUs: toUs, streams };
}

/** The arrivals' columns, cut down to the positions that are wanted: two passes, no list of positions. */
export function columnsWhere(columns: ArrivalColumns, wanted: (i: number) => boolean): ArrivalColumns {
  const all = columns.dueUs.length;
  let count = 0;
  for (let i = 0; i < all; i++) if (wanted(i)) count++;
  const cut: ArrivalColumns = {
    dueUs: new Float64Array(count),
    responseUs: new Uint32Array(count),
    status: new Uint16Array(count),
    outcome: new Uint8Array(count),
    request: new Uint8Array(count),
  };
  let at = 0;
  for (let i = 0; i < all; i++) {
    if (!wanted(i)) continue;
    cut.dueUs[at] = columns.dueUs[i] ?? 0;
    cut.responseUs[at] = columns.responseUs[i] ?? 0;
    cut.status[at] = columns.status[i] ?? 0;
    cut.outcome[at] = columns.outcome[i] ?? 0;
    cut.request[at] = columns.request[i] ?? 0;
    at++;
  }
  return cut;
}

type ArrivalColumns = Pick<StreamArrivals, 'dueUs' | 'responseUs' | 'status' | 'outcome' | 'request'>;
