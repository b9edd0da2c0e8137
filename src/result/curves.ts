import type { ArrivalColumns } from '../record/arrivals.js';
import type { WindowKind } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import { sortUnsigned } from '../support/sort-unsigned.js';
import { sampleOf, select } from '../verdict/arrivals.js';
import type { JudgeWindow } from '../verdict/input.js';
import type { StreamRecords } from './ledger.js';
import { quantileLadder, quantileOf } from './quantiles.js';
import type { RunResult, Series } from './schema.js';
import type { Window } from './windows.js';

/**
 * One stream second by second, keyed on due time, with exact percentiles over all arrivals (failures at their recorded
 * time, which for timeouts is the deadline). Undefined where nothing was recorded.
 */
export function seriesOf({ header, columns }: StreamRecords): Series | undefined {
  const { dueUs, responseUs, outcome } = columns;
  const count = dueUs.length;
  if (count === 0) return undefined;
  let first = Infinity;
  let last = -Infinity;
  for (let k = 0; k < count; k++) {
    const second = Math.floor((dueUs[k] ?? 0) / 1e6);
    if (second < first) first = second;
    if (second > last) last = second;
  }
  const seconds = last - first + 1;
  const byOutcome = OUTCOMES.map(() => Array.from({ length: seconds }, () => 0));
  for (let k = 0; k < count; k++) {
    const second = Math.floor((dueUs[k] ?? 0) / 1e6) - first;
    const column = byOutcome[outcome[k] ?? 0];
    if (column) column[second] = (column[second] ?? 0) + 1;
  }

  const series: Series = {
    stream: header.name,
    model: header.model,
    fromS: first,
    scheduled: [],
    ok: byOutcome[0] ?? [],
    outcomes: Object.fromEntries(
      OUTCOMES.map((name, k) => [name, byOutcome[k] ?? []] as const).filter(
        ([name, column]) => name === 'ok' || column.some((value) => value > 0),
      ),
    ),
    p50S: [],
    p95S: [],
    p99S: [],
    maxS: [],
  };
  eachSecond({ dueUs, responseUs }, first, seconds, (sorted) => {
    series.scheduled.push(sorted.length);
    series.p50S.push(inSeconds(quantileOf(sorted, 0.5)));
    series.p95S.push(inSeconds(quantileOf(sorted, 0.95)));
    series.p99S.push(inSeconds(quantileOf(sorted, 0.99)));
    series.maxS.push(inSeconds(sorted.at(-1) ?? null));
  });
  return series;
}

/** Response times that are brought together at once; a run may hold ten times as many in memory already. */
const BLOCK = 1 << 20;

/**
 * Hands over the response times of each second in turn, sorted. By blocks of seconds, each from the stretch of the columns
 * that holds it: records lie nearly in the order of time, so one block's memory is enough for a run of any length.
 */
function eachSecond(
  { dueUs, responseUs }: Pick<ArrivalColumns, 'dueUs' | 'responseUs'>,
  first: number,
  seconds: number,
  see: (sorted: Uint32Array) => void,
): void {
  const counts = new Uint32Array(seconds);
  const from = new Uint32Array(seconds).fill(dueUs.length);
  const to = new Uint32Array(seconds);
  const secondOf = (k: number): number => Math.floor((dueUs[k] ?? 0) / 1e6) - first;
  for (let k = 0; k < dueUs.length; k++) {
    const second = secondOf(k);
    if (counts[second] === 0) from[second] = k;
    counts[second] = (counts[second] ?? 0) + 1;
    to[second] = k + 1;
  }
  let times = new Uint32Array(0);
  let scratch = new Uint32Array(0);
  for (let begin = 0, end = 0; begin < seconds; begin = end) {
    let size = 0;
    const starts: number[] = [];
    let [low, high] = [dueUs.length, 0];
    for (end = begin; end < seconds && (end === begin || size + (counts[end] ?? 0) <= BLOCK); end++) {
      starts.push(size);
      size += counts[end] ?? 0;
      low = Math.min(low, from[end] ?? 0);
      high = Math.max(high, to[end] ?? 0);
    }
    if (times.length < size) [times, scratch] = [new Uint32Array(size), new Uint32Array(size)];
    const next = Uint32Array.from(starts);
    for (let k = low; k < high; k++) {
      const second = secondOf(k);
      if (second < begin || second >= end) continue;
      const at = next[second - begin] ?? 0;
      times[at] = responseUs[k] ?? 0;
      next[second - begin] = at + 1;
    }
    for (const [i, start] of starts.entries()) {
      see(sortUnsigned(times.subarray(start, start + (counts[begin + i] ?? 0)), scratch));
    }
  }
}

/** The percentile curve of each kind of window; several trials are taken together. `judged`: the same windows, as judged. */
export function distributionsOf(
  { header, assigned }: StreamRecords,
  windows: readonly Window[],
  judged: readonly JudgeWindow[],
): RunResult['distribution'] {
  const kinds: WindowKind[] = ['baseline', 'fault', 'recovery'];
  return kinds.flatMap((kind): RunResult['distribution'] => {
    const mine = windows.map((window) => window.kind === kind);
    let n = 0;
    for (let k = 0; k < assigned.length; k++) if (mine[assigned[k] ?? -1]) n++;
    if (n === 0) return [];
    const chosen = judged
      .filter((window) => window.kind === kind)
      .map((window) => ({ window, selected: select(window.streams, { stream: header.name }) }));
    const times = sampleOf(chosen, 'ok').okUs;
    const quantiles = quantileLadder(n);
    return [
      {
        window: kind,
        stream: header.name,
        quantiles,
        allS: quantiles.map((q) => inSeconds(quantileOf(times, q, n))),
        okS: quantiles.map((q) => inSeconds(quantileOf(times, q))),
      },
    ];
  });
}

function inSeconds(us: number | null): number | null {
  return us === null ? null : us / 1e6;
}
