import type { ArrivalColumns } from '../record/arrivals.js';
import type { EventOf, RunEvent, WindowKind } from '../record/events.js';

/** A window with its edges in microseconds from t0: [startUs, endUs). */
export interface Window {
  kind: WindowKind;
  trial: number;
  startUs: number;
  endUs: number;
  /** False: the log ends, or the run stopped, before the window did. */
  closed: boolean;
}

/** When the faults of the start of a fault window were ordered. */
export interface Injection {
  duration: 'instant' | 'lasting';
  /** Microseconds from t0. */
  atUs: number;
}

/**
 * The windows as the event log tells them, in the order of time. One that was never closed ends with the undo's
 * request, else with what was seen last (`lastUs`).
 */
export function windowsOf(events: readonly RunEvent[], lastUs: number): Window[] {
  const windows: Window[] = [];
  for (const event of events) {
    if (event.type === 'window.opened') {
      const { window: kind, trial, atUs } = event;
      windows.push({ kind, trial, startUs: atUs, endUs: Infinity, closed: false });
    } else if (event.type === 'window.closed') {
      const open = windows.findLast(
        ({ kind, trial, closed }) => !closed && kind === event.window && trial === event.trial,
      );
      if (open) Object.assign(open, { endUs: event.atUs, closed: true });
    }
  }
  windows.sort((a, b) => a.startUs - b.startUs);
  windows.forEach((window, i) => {
    if (window.closed) return;
    const undo = events.find(
      (event) => window.kind === 'fault' && event.type === 'undo.requested' && microseconds(event) >= window.startUs,
    );
    window.endUs = Math.min(undo ? microseconds(undo) : lastUs, windows[i + 1]?.startUs ?? Infinity);
  });
  return windows.filter(({ startUs, endUs }) => endUs > startUs);
}

/**
 * The orders of the faults that begin at the start of the fault window (`at: 0s`). Faults that begin later act inside
 * the window; nothing is cut out for them.
 */
export function injectionsOf(events: readonly RunEvent[]): Injection[] {
  const initial = new Map<string, 'instant' | 'lasting'>();
  for (const { faults } of events.filter(isPlan)) {
    for (const { id, atS, duration } of faults) if (atS === 0) initial.set(id, duration);
  }
  return events.flatMap((event): Injection[] => {
    const duration = event.type === 'fault.requested' ? initial.get(event.fault) : undefined;
    return duration === undefined ? [] : [{ duration, atUs: microseconds(event) }];
  });
}

/**
 * Which window each arrival belongs to: position in `windows`, or `NO_WINDOW`.
 *
 * Keyed on the due time, never on the end: what was due in the fault and answered in the recovery belongs to the fault,
 * and what was in flight when the undo was requested stays in the fault, whose harm it shows. Two exceptions, both for
 * what was in flight when the fault was ordered, since booked to the baseline it would hide the harm, or blur it:
 *
 * - instant faults (a kill): it belongs to the fault window
 * - lasting faults (a latency): it belongs to no window
 */
export function assignWindows(
  columns: ArrivalColumns,
  windows: readonly Window[],
  injections: readonly Injection[],
): Uint8Array {
  if (windows.length >= NO_WINDOW)
    throw new RangeError(`${windows.length} windows; at most ${NO_WINDOW - 1} are possible.`);
  const { dueUs, responseUs } = columns;
  const assigned = new Uint8Array(dueUs.length).fill(NO_WINDOW);
  const edges = injections.map((injection) => edgeOf(injection, windows));
  const startUs = Float64Array.from(windows, (window) => window.startUs);
  const endUs = Float64Array.from(windows, (window) => window.endUs);
  for (let k = 0; k < assigned.length; k++) {
    const due = dueUs[k] ?? 0;
    const end = due + (responseUs[k] ?? 0);
    let window = NO_WINDOW;
    for (let w = 0; w < windows.length && window === NO_WINDOW; w++) {
      if (due >= (startUs[w] ?? 0) && due < (endUs[w] ?? 0)) window = w;
    }
    for (const edge of edges) {
      if (due >= edge.atUs || end <= edge.atUs || due < edge.fromUs) continue;
      window = edge.to;
      if (edge.to !== NO_WINDOW) break;
    }
    assigned[k] = window;
  }
  return assigned;
}

/** Of no window: warm-up, between order and proof, in flight at the order of a lasting fault. */
export const NO_WINDOW = 255;

/** Microseconds from t0 of an event; `t` holds six decimals of a second. */
export function microseconds(event: { t: number }): number {
  return Math.round(event.t * 1e6);
}

/** The window of the fault may open a moment before the request is in the log: it is opened when the order is given. */
const ORDER_SLACK_US = 100_000;

function edgeOf({ duration, atUs }: Injection, windows: readonly Window[]) {
  if (duration === 'instant') {
    const to = windows.findIndex(
      ({ kind, startUs, endUs }) => kind === 'fault' && startUs <= atUs + ORDER_SLACK_US && atUs < endUs,
    );
    const window = windows[to];
    const baseline = windows.findLast(({ kind, startUs }) => kind === 'baseline' && window && startUs < window.startUs);
    // What was due in the warm-up belongs to no window, however long it took.
    if (window) return { atUs: Math.min(atUs, window.startUs), fromUs: baseline?.startUs ?? window.startUs, to };
  }
  return { atUs, fromUs: -Infinity, to: NO_WINDOW };
}

function isPlan(event: RunEvent): event is EventOf<'plan.resolved'> {
  return event.type === 'plan.resolved';
}
