import type { JudgeWindow, StreamArrivals } from '../input.js';
import type { WindowSet } from '../evidence/evidence.js';
import { growthIn, increase, type SourceRecord } from './source.js';

/** The status of a line that matched; other lines of the share have none. */
export const MATCHED = 1;
/** Above the last bound of a histogram: nobody knows how far. */
const BEYOND_US = 0xffffffff;

type Made = { atUs: number; responseUs: number; status: number; count: number };

/**
 * Turns what a histogram or a log counted into arrivals of a stream of its own, so that the statistics of shares and
 * quantiles, made for requests, apply to garbage-collection pauses and log lines as they are.
 */
export function sourceWindows(windows: WindowSet, record: SourceRecord, of: 'histograms' | 'lines'): WindowSet {
  const turn = (window: JudgeWindow): JudgeWindow => ({
    ...window,
    streams: [columns(of === 'lines' ? linesIn(record, window) : observationsIn(record, window))],
  });
  return {
    baseline: windows.baseline.map(turn),
    fault: windows.fault.map(turn),
    recovery: windows.recovery.map(turn),
  };
}

/** Each observation at its bucket's upper bound: a quantile is never said to be lower than it was. */
function observationsIn(record: SourceRecord, window: JudgeWindow): Made[] {
  return growthIn(record, 'histograms', window, (before, after) => {
    const buckets = new Map<number, number>();
    for (const [series, { bounds, counts }] of Object.entries(after.histograms)) {
      const earlier = before.histograms[series];
      // A series that is new began at zero, in a process that had nothing to observe before.
      const restarted = !earlier || counts.some((count, i) => count < (earlier.counts[i] ?? 0));
      let below = 0;
      for (const [i, count] of counts.entries()) {
        const grown = restarted ? count : count - (earlier.counts[i] ?? 0);
        const inBucket = Math.max(0, grown - below);
        below = Math.max(below, grown);
        const bound = bounds[i];
        const upper = bound === undefined ? BEYOND_US : Math.min(BEYOND_US, Math.round(bound * 1e6));
        if (inBucket > 0) buckets.set(upper, (buckets.get(upper) ?? 0) + inBucket);
      }
    }
    return buckets;
  }).flatMap(({ atUs, grown }) =>
    [...grown].map(([responseUs, count]) => ({ atUs, responseUs, status: 0, count: Math.round(count) })),
  );
}

function linesIn(record: SourceRecord, window: JudgeWindow): Made[] {
  return growthIn(record, 'lines', window, (before, after) => {
    const of = increase(before.of, after.of);
    return { matched: Math.min(of, increase(before.matched, after.matched)), of };
  }).flatMap(({ atUs, grown }) => [
    { atUs, responseUs: 0, status: MATCHED, count: grown.matched },
    { atUs, responseUs: 0, status: 0, count: grown.of - grown.matched },
  ]);
}

function columns(made: readonly Made[]): StreamArrivals {
  const total = made.reduce((sum, { count }) => sum + count, 0);
  const stream: StreamArrivals = {
    stream: 'source',
    model: 'open',
    requests: ['source'],
    deadlinesS: [BEYOND_US / 1e6],
    dueUs: new Float64Array(total),
    responseUs: new Uint32Array(total),
    status: new Uint16Array(total),
    outcome: new Uint8Array(total),
    request: new Uint8Array(total),
  };
  let at = 0;
  for (const { atUs, responseUs, status, count } of made) {
    stream.dueUs.fill(atUs, at, at + count);
    stream.responseUs.fill(responseUs, at, at + count);
    stream.status.fill(status, at, at + count);
    // Beyond the last bound it is a failure to measure, and ranks above everything that could be measured.
    stream.outcome.fill(responseUs === BEYOND_US ? 1 : 0, at, at + count);
    at += count;
  }
  return stream;
}
