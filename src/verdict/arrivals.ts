import type { Arm } from './dispersion.js';
import type { JudgeWindow, StreamArrivals } from './input.js';
import type { Sample } from './quantile.js';
import { eachGroup, secondsOf, wholeSeconds, withStatus } from './seconds.js';
import type { Slo } from './slo.js';
import { countAbove, repeated, sortedRuns } from './sorted.js';
import { walk } from './walk.js';

/** One stream as an SLO sees it: all of it, or one of its requests. */
export interface Selected {
  arrivals: StreamArrivals;
  /** Position in `arrivals.requests`; undefined: all. */
  request: number | undefined;
}

/** What is counted of the arrivals. */
export type Trait =
  | { is: 'ok' }
  | { is: 'failed' }
  /** Failed, or answered later than this many microseconds. */
  | { is: 'slower'; thanUs: number }
  | { is: 'status'; status: number }
  | { is: 'other-status'; status: number };

/** Everything, or only what was answered well. */
type Population = 'all' | 'ok';

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

/** Visits each selected arrival that was due at `fromUs` or later. */
export function visit(
  selected: readonly Selected[],
  fromUs: number,
  see: (arrivals: StreamArrivals, i: number) => void,
): void {
  for (const { arrivals, request } of selected) {
    walk(arrivals, (i) => {
      if ((arrivals.dueUs[i] ?? 0) < fromUs) return;
      if (request === undefined || arrivals.request[i] === request) see(arrivals, i);
    });
  }
}

/** A trait as a question to one arrival. */
export function testOf(trait: Trait): (arrivals: StreamArrivals, i: number) => boolean {
  switch (trait.is) {
    case 'ok':
      return (arrivals, i) => arrivals.outcome[i] === 0;
    case 'failed':
      return (arrivals, i) => arrivals.outcome[i] !== 0;
    case 'slower':
      return (arrivals, i) => arrivals.outcome[i] !== 0 || (arrivals.responseUs[i] ?? 0) > trait.thanUs;
    case 'status':
      return (arrivals, i) => arrivals.status[i] === trait.status;
    case 'other-status':
      return (arrivals, i) => arrivals.status[i] !== trait.status;
  }
}

/**
 * Counts a window, in total and per second, keyed on due time. An arrival that belongs to the window but was due before
 * its start (in flight at an instant fault) counts in the totals only.
 */
export function countArm(
  selected: readonly Selected[],
  window: Pick<JudgeWindow, 'startUs' | 'endUs'>,
  bad: Trait,
  population: Population = 'all',
): Arm {
  const seconds = wholeSeconds(window);
  const arm: Arm = { x: 0, n: 0, badPerSecond: new Float64Array(seconds), totalPerSecond: new Float64Array(seconds) };
  const { badPerSecond, totalPerSecond } = arm;
  for (const { arrivals, request } of selected) {
    const all = secondsOf(arrivals, window);
    eachGroup(all, request, ({ second, times, failed, at }) => {
      const failures = population === 'all' ? failed : 0;
      const n = times.length + failures;
      if (n === 0) return;
      let x = 0;
      if (bad.is === 'ok') x = times.length;
      else if (bad.is === 'failed') x = failures;
      else if (bad.is === 'slower') x = failures + countAbove(times, bad.thanUs);
      else {
        const have = withStatus(all, bad.status, at);
        x = bad.is === 'status' ? have : n - have;
      }
      arm.x += x;
      arm.n += n;
      if (second < 0) return;
      badPerSecond[second] = (badPerSecond[second] ?? 0) + x;
      totalPerSecond[second] = (totalPerSecond[second] ?? 0) + n;
    });
  }
  return arm;
}

/** The response times of some windows in order; with population `ok` the failures are left out. */
export function sampleOf(
  chosen: readonly { selected: readonly Selected[]; window: Pick<JudgeWindow, 'startUs' | 'endUs'> }[],
  population: Population,
): Sample {
  const runs: Uint32Array[] = [];
  const late = new Map<number, number>();
  for (const { selected, window } of chosen) {
    for (const { arrivals, request } of selected) {
      for (const r of request === undefined ? arrivals.requests.keys() : [request]) {
        eachGroup(secondsOf(arrivals, window), r, ({ times, failed }) => {
          runs.push(times);
          if (failed === 0 || population === 'ok') return;
          const deadlineUs = (arrivals.deadlinesS[r] ?? Infinity) * 1e6;
          late.set(deadlineUs, (late.get(deadlineUs) ?? 0) + failed);
        });
      }
    }
  }
  return { okUs: sortedRuns(runs), failedUs: repeated(late) };
}
