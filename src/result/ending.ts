import type { EventOf, RunEvent } from '../record/events.js';
import type { FoldedFault } from './faults.js';

/** How a run ended before its plan. */
interface Aborted {
  by: 'signal' | 'guard' | 'person';
  message: string;
  /** The condition that tripped, where a guard did it. */
  safety?: string;
}

export interface Ending {
  /** The harness or the environment broke: nothing can pass. */
  errored: { code: string; message: string } | undefined;
  aborted: Aborted | undefined;
  /** A statistical stop rule fired: the run has failed. */
  statisticalStop: boolean;
  signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
  /** The baseline was too sick to break anything: nothing was injected, and nothing can be said. */
  unhealthyBaseline: string | undefined;
  /** Seconds from t0 of the first thing that cut the run short; undefined: nothing did. */
  cutShortAtS: number | undefined;
}

/** Reads from the events whether a run went as planned, and if not, what ended it. */
export function endingOf(run: {
  events: readonly RunEvent[];
  complete: boolean;
  faults: readonly FoldedFault[];
  /** Broken promises of the records themselves, such as a ledger that does not add up. */
  violations: readonly { code: string; message: string }[];
}): Ending {
  const { events, complete, faults, violations } = run;
  const errors = ofType(events, 'error');
  const unhealthy = errors.find(({ code }) => code === 'baseline_unhealthy');
  const trip = ofType(events, 'stop.tripped')[0];
  const abort = ofType(events, 'steer').find(({ action }) => action === 'abort');
  const signalEvent = ofType(events, 'signal')[0];
  const aborted = abortedBy({ events, complete, trip, abort, signalEvent });
  const interrupted = aborted !== undefined || unhealthy !== undefined;
  const cuts = [...errors, trip, abort, signalEvent].flatMap((event) => (event ? [event.t] : []));
  return {
    errored: firstError({ events, errors, faults, violations, interrupted }),
    aborted,
    statisticalStop: trip?.statistical === true,
    signal: known(signalEvent?.signal),
    unhealthyBaseline: unhealthy?.message,
    cutShortAtS: cuts.length > 0 ? Math.min(...cuts) : undefined,
  };
}

function abortedBy(run: {
  events: readonly RunEvent[];
  complete: boolean;
  trip: EventOf<'stop.tripped'> | undefined;
  abort: EventOf<'steer'> | undefined;
  signalEvent: EventOf<'signal'> | undefined;
}): Aborted | undefined {
  const { events, complete, trip, abort, signalEvent } = run;
  if (trip)
    return { by: 'guard', message: `stopped by the guard ${trip.guard}: ${trip.message}`, safety: trip.message };
  if (abort) return { by: 'person', message: `stopped by ${abort.who}` };
  if (signalEvent) return { by: 'signal', message: `stopped by ${signalEvent.signal}` };
  if (complete) return undefined;
  const last = events.at(-1);
  const when = last === undefined ? 'before its first event' : `after ${last.t.toFixed(1)} s`;
  return { by: 'signal', message: `the run was killed: its event log ends ${when}, without an end of the run` };
}

function firstError(run: {
  events: readonly RunEvent[];
  errors: readonly EventOf<'error'>[];
  faults: readonly FoldedFault[];
  violations: readonly { code: string; message: string }[];
  interrupted: boolean;
}): Ending['errored'] {
  const { events, errors, faults, violations, interrupted } = run;
  const error = errors.find(({ code }) => code !== 'baseline_unhealthy');
  if (error) return { code: error.code, message: error.message };
  for (const { result } of faults) {
    const name = `${result.type} (${result.id})`;
    if (result.proof?.status === 'mismatch') {
      return {
        code: 'proof_mismatch',
        message: `${name} was injected, but the measurement says otherwise: ${result.proof.finding}`,
      };
    }
    if (result.error) return { code: result.error.code, message: `${name} failed: ${result.error.message}` };
    // A run that nobody stopped must have injected and looked at all that it planned.
    if (!interrupted && result.requestedS === null) {
      return { code: 'fault_not_injected', message: `${name} was planned, but never injected` };
    }
    if (!interrupted && result.proof === null) {
      return { code: 'fault_not_proven', message: `${name} was injected, but its effect was never measured` };
    }
  }
  const undoFailed = ofType(events, 'undo.failed')[0];
  if (undoFailed) return { code: 'undo_failed', message: `${undoFailed.words} failed: ${undoFailed.message}` };
  return violations[0];
}

function known(signal: string | undefined): Ending['signal'] {
  return signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP' ? signal : undefined;
}

function ofType<T extends RunEvent['type']>(events: readonly RunEvent[], type: T): EventOf<T>[] {
  return events.filter((event) => event.type === type) as unknown as EventOf<T>[];
}
