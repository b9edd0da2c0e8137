import type { WindowKind } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
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
  // A counting sort by second: where each second's arrivals start in `responses`.
  const starts = new Uint32Array(seconds + 1);
  const secondOf = (k: number): number => Math.floor((dueUs[k] ?? 0) / 1e6) - first;
  for (let k = 0; k < count; k++) starts[secondOf(k) + 1] = (starts[secondOf(k) + 1] ?? 0) + 1;
  for (let s = 0; s < seconds; s++) starts[s + 1] = (starts[s + 1] ?? 0) + (starts[s] ?? 0);
  const next = starts.slice();
  const responses = new Uint32Array(count);
  const byOutcome = OUTCOMES.map(() => Array.from({ length: seconds }, () => 0));
  for (let k = 0; k < count; k++) {
    const second = secondOf(k);
    const at = next[second] ?? 0;
    responses[at] = responseUs[k] ?? 0;
    next[second] = at + 1;
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
  for (let s = 0; s < seconds; s++) {
    const sorted = responses.subarray(starts[s], starts[s + 1]).sort();
    series.scheduled.push(sorted.length);
    series.p50S.push(inSeconds(quantileOf(sorted, 0.5)));
    series.p95S.push(inSeconds(quantileOf(sorted, 0.95)));
    series.p99S.push(inSeconds(quantileOf(sorted, 0.99)));
    series.maxS.push(inSeconds(sorted.at(-1) ?? null));
  }
  return series;
}

/** The percentile curve of each kind of window; several trials are taken together. */
export function distributionsOf(
  { header, columns, assigned }: StreamRecords,
  windows: readonly Window[],
): RunResult['distribution'] {
  const kinds: WindowKind[] = ['baseline', 'fault', 'recovery'];
  return kinds.flatMap((kind): RunResult['distribution'] => {
    const mine = windows.map((window) => window.kind === kind);
    let n = 0;
    let ok = 0;
    for (let k = 0; k < assigned.length; k++) {
      if (!mine[assigned[k] ?? -1]) continue;
      n++;
      if (columns.outcome[k] === 0) ok++;
    }
    if (n === 0) return [];
    const times = new Uint32Array(ok);
    let at = 0;
    for (let k = 0; k < assigned.length; k++) {
      if (mine[assigned[k] ?? -1] && columns.outcome[k] === 0) times[at++] = columns.responseUs[k] ?? 0;
    }
    times.sort();
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
