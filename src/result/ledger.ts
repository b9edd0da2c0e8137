import type { ArrivalColumns, StreamHeader } from '../record/arrivals.js';
import type { RunEvent } from '../record/events.js';
import { OUTCOMES, type OutcomeCounts } from '../record/outcomes.js';
import type { LedgerRow } from './schema.js';
import type { Window } from './windows.js';

export interface StreamRecords {
  header: StreamHeader;
  columns: ArrivalColumns;
  /** Position of each arrival's window, or `NO_WINDOW`. */
  assigned: Uint8Array;
}

export interface StreamLedger {
  rows: LedgerRow[];
  /** Arrivals that were scheduled but have no record: booked as `unfinished`, in the run and in no window. */
  lost: number;
  /** `scheduled == Σ outcomes` does not hold: why, in words. Undefined: it holds. */
  violation: string | undefined;
}

const ROW_WINDOWS = ['run', 'baseline', 'fault', 'recovery', 'none'] as const;

/**
 * The demand ledger of one stream: how many arrivals were scheduled, and what became of them, per window and request.
 *
 * What was scheduled is counted on its own, so that the check can fail: an open-model schedule numbers its arrivals
 * without gaps, and the driver reports how many it scheduled each second.
 */
export function ledgerOf(
  records: StreamRecords,
  windows: readonly Window[],
  events: readonly RunEvent[],
): StreamLedger {
  const { header, columns, assigned } = records;
  const requests = header.requests.length;
  const outcomes = OUTCOMES.length;
  // One count for each (row window, request or all, outcome).
  const counts = new Float64Array(ROW_WINDOWS.length * (requests + 1) * outcomes);
  const at = (window: number, request: number, outcome: number): number =>
    (window * (requests + 1) + request) * outcomes + outcome;
  const rowOf = windows.map(({ kind }) => ROW_WINDOWS.indexOf(kind));
  const add = (index: number, by = 1): void => {
    counts[index] = (counts[index] ?? 0) + by;
  };
  const none = ROW_WINDOWS.length - 1;
  for (let k = 0; k < assigned.length; k++) {
    const window = rowOf[assigned[k] ?? -1] ?? none;
    add((window * (requests + 1) + (columns.request[k] ?? 0)) * outcomes + (columns.outcome[k] ?? 0));
  }
  for (let window = 1; window <= none; window++) {
    for (let request = 0; request < requests; request++) {
      for (let outcome = 0; outcome < outcomes; outcome++) {
        const count = counts[at(window, request, outcome)] ?? 0;
        add(at(window, requests, outcome), count);
        add(at(0, request, outcome), count);
        add(at(0, requests, outcome), count);
      }
    }
  }

  const check = checkDemand(header, columns, events);
  const unfinished = OUTCOMES.indexOf('unfinished');
  add(at(0, requests, unfinished), check.lost);
  add(at(ROW_WINDOWS.length - 1, requests, unfinished), check.lost);

  const rows: LedgerRow[] = [];
  ROW_WINDOWS.forEach((window, w) => {
    for (const request of [requests, ...header.requests.keys()]) {
      const row = countsOf(counts.subarray(at(w, request, 0), at(w, request, outcomes)));
      const name = header.requests[request];
      rows.push({ stream: header.name, ...(name === undefined ? {} : { request: name }), window, ...row });
    }
  });
  return { rows, ...check };
}

function countsOf(counts: Float64Array): { scheduled: number; outcomes: OutcomeCounts } {
  const outcomes: OutcomeCounts = {};
  let scheduled = 0;
  OUTCOMES.forEach((outcome, k) => {
    const count = counts[k] ?? 0;
    if (count > 0) outcomes[outcome] = count;
    scheduled += count;
  });
  return { scheduled, outcomes };
}

function checkDemand(
  header: StreamHeader,
  columns: ArrivalColumns,
  events: readonly RunEvent[],
): Pick<StreamLedger, 'lost' | 'violation'> {
  const recorded = columns.index.length;
  const { distinct, top } = distinctOf(columns.index);
  const told = toldBySeconds(header.name, events);
  const scheduled = Math.max(header.model === 'open' ? top : 0, told.scheduled);
  const lost = Math.max(0, scheduled - (header.model === 'open' ? distinct : recorded));
  if (header.model === 'open' && distinct < recorded) {
    return { lost, violation: `stream ${header.name}: ${recorded - distinct} arrivals were recorded more than once` };
  }
  if (lost > 0) {
    return {
      lost,
      violation: `stream ${header.name}: ${scheduled} arrivals were scheduled, ${scheduled - lost} have an outcome`,
    };
  }
  // The driver's own count can be behind the records only where its last seconds were never reported.
  if (told.whole && recorded > told.scheduled && coversAll(columns, told.seconds)) {
    return {
      lost,
      violation: `stream ${header.name}: ${told.scheduled} arrivals were scheduled, but ${recorded} have an outcome`,
    };
  }
  return { lost, violation: undefined };
}

/** How many different indices there are, and one more than the largest. */
function distinctOf(index: Uint32Array): { distinct: number; top: number } {
  let top = 0;
  for (let k = 0; k < index.length; k++) top = Math.max(top, (index[k] ?? 0) + 1);
  // A schedule's indices are dense; a file that claims otherwise must not cost memory for what it does not hold.
  if (top > 64 * index.length) return { distinct: new Set(index).size, top };
  // A bit for each index: far less than a sorted copy.
  const seen = new Uint32Array(Math.ceil(top / 32));
  let distinct = 0;
  for (let k = 0; k < index.length; k++) {
    const at = index[k] ?? 0;
    const word = seen[at >>> 5] ?? 0;
    const bit = 1 << (at & 31);
    if ((word & bit) !== 0) continue;
    distinct++;
    seen[at >>> 5] = word | bit;
  }
  return { distinct, top };
}

/** What the driver's `second` events say; the later one of a second counts. */
function toldBySeconds(stream: string, events: readonly RunEvent[]) {
  const seconds = new Map<number, { scheduled: number; final: boolean }>();
  for (const event of events) {
    if (event.type === 'second' && event.stream === stream) seconds.set(event.second, event);
  }
  let scheduled = 0;
  let whole = seconds.size > 0;
  for (const second of seconds.values()) {
    scheduled += second.scheduled;
    whole &&= second.final;
  }
  return { scheduled, whole, seconds };
}

function coversAll(columns: ArrivalColumns, seconds: ReadonlyMap<number, unknown>): boolean {
  return columns.dueUs.every((due) => seconds.has(Math.floor(due / 1e6)));
}
