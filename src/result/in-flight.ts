import { OUTCOMES, type Outcome } from '../record/outcomes.js';
import type { RunEvent } from '../record/events.js';
import type { StreamRecords } from './ledger.js';
import type { FaultResult } from './schema.js';
import { microseconds } from './windows.js';

/** How a request ends that was sent, and of which nothing complete ever came back. */
const LOST: readonly Outcome[] = ['refused', 'reset', 'closed', 'bad_response', 'timeout', 'unfinished'];
const NEVER_SENT: readonly Outcome[] = ['unsent', 'dropped'];

/**
 * What became of the requests that were in flight at the moment an instant fault was ordered (a kill, a SIGTERM): due
 * before it and not ended by then. Over all trials. Of the client's view: a retry by the system itself saves a request.
 *
 * @returns undefined for lasting faults, and for those that were never ordered
 */
export function inFlightAt(
  fault: Pick<FaultResult, 'id' | 'duration'>,
  events: readonly RunEvent[],
  streams: readonly Pick<StreamRecords, 'columns'>[],
): FaultResult['inFlight'] {
  if (fault.duration !== 'instant') return undefined;
  const orders = events.flatMap((event) =>
    event.type === 'fault.requested' && event.fault === fault.id ? [microseconds(event)] : [],
  );
  if (orders.length === 0) return undefined;
  const found = { requests: 0, lost: 0 };
  const [first, last] = [Math.min(...orders), Math.max(...orders)];
  for (const { columns } of streams) {
    for (let k = 0; k < columns.dueUs.length; k++) {
      const due = columns.dueUs[k] ?? 0;
      const end = due + (columns.responseUs[k] ?? 0);
      if (due >= last || end <= first) continue;
      if (!orders.some((at) => due < at && end > at)) continue;
      const outcome = OUTCOMES[columns.outcome[k] ?? 0] ?? 'ok';
      if (NEVER_SENT.includes(outcome)) continue;
      found.requests++;
      if (LOST.includes(outcome)) found.lost++;
    }
  }
  return found;
}

/** "12 requests were in flight; 1 of them was lost"; undefined where it is not known. */
export function inFlightText(fault: Pick<FaultResult, 'inFlight'>): string | undefined {
  if (!fault.inFlight) return undefined;
  const { requests, lost } = fault.inFlight;
  if (requests === 0) return 'no request was in flight';
  const were = requests === 1 ? '1 request was in flight' : `${requests} requests were in flight`;
  if (lost === 0) return requests === 1 ? `${were}, and it was answered` : `${were}, and all were answered`;
  return requests === 1 ? `${were}; it got no answer` : `${were}; ${lost} of them got no answer`;
}
