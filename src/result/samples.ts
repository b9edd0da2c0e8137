import { OUTCOMES } from '../record/outcomes.js';
import type { StreamRecords } from './ledger.js';
import type { RunResult } from './schema.js';
import { NO_WINDOW, type Window } from './windows.js';

type Sample = RunResult['samples'][number];

/** How many are kept of each stream and window: the slowest answers, and of each way to fail the first ones. */
const SLOWEST = 5;
const FAILED = 3;

/** Makes the trace id of an arrival, from the run id, the stream's name and the arrival's index. */
export type TraceIdOf = (runId: string, stream: string, index: number) => string;

/** A few arrivals worth a look: the slowest good ones, and the first of each kind of failure, per window. */
export function samplesOf(
  { header, columns, assigned }: StreamRecords,
  windows: readonly Window[],
  trace: { runId: string; traceIdOf: TraceIdOf | undefined },
): Sample[] {
  const slowest = new Map<Sample['window'], number[]>();
  const failed = new Map<string, number[]>();
  const windowOf = (k: number): Sample['window'] => windows[assigned[k] ?? -1]?.kind ?? 'none';
  const response = (k: number): number => columns.responseUs[k] ?? 0;
  const due = (k: number): number => columns.dueUs[k] ?? 0;
  // Below this response time an arrival is surely not among the slowest of its window: most end here.
  const least = windows.map(() => 0);
  for (let k = 0; k < assigned.length; k++) {
    const outcome = columns.outcome[k] ?? 0;
    const window = assigned[k] ?? NO_WINDOW;
    if (outcome === 0 && (columns.responseUs[k] ?? 0) < (least[window] ?? 0)) continue;
    if (outcome === 0) {
      const list = keep(slowest, windowOf(k), k, SLOWEST, (a, b) => response(b) - response(a) || due(a) - due(b));
      const last = list.at(-1);
      if (window < least.length && list.length === SLOWEST && last !== undefined) least[window] = response(last);
    } else keep(failed, `${windowOf(k)} ${outcome}`, k, FAILED, (a, b) => due(a) - due(b));
  }
  const sample = (kind: Sample['kind'], k: number): Sample => ({
    kind,
    stream: header.name,
    request: header.requests[columns.request[k] ?? 0] ?? '',
    dueS: due(k) / 1e6,
    responseS: response(k) / 1e6,
    status: columns.status[k] ?? 0,
    outcome: OUTCOMES[columns.outcome[k] ?? 0] ?? 'ok',
    window: windowOf(k),
    ...(trace.traceIdOf ? { traceId: trace.traceIdOf(trace.runId, header.name, columns.index[k] ?? 0) } : {}),
  });
  return [
    ...[...slowest.values()].flat().map((k) => sample('slowest', k)),
    ...[...failed.values()].flat().map((k) => sample('failed', k)),
  ];
}

/** Inserts `k` into the list of `key`, ordered, if it is among the first `most`. */
function keep<K>(
  lists: Map<K, number[]>,
  key: K,
  k: number,
  most: number,
  order: (a: number, b: number) => number,
): number[] {
  let list = lists.get(key);
  if (!list) lists.set(key, (list = []));
  const last = list.at(-1);
  if (list.length >= most && last !== undefined && order(last, k) <= 0) return list;
  list.push(k);
  list.sort(order);
  if (list.length > most) list.pop();
  return list;
}
