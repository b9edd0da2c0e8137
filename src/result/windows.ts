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
  /**
   * Where the window is the union of several stretches, in order: with faults injected by hand, the time in which one was
   * active. What is due between them belongs to no window.
   */
  parts?: Stretch[];
}

/** [startUs, endUs), microseconds from t0. */
export type Stretch = Pick<Window, 'startUs' | 'endUs'>;

/** The stretches of a window; of most there is one. */
export function stretchesOf(window: Pick<Window, 'startUs' | 'endUs' | 'parts'>): Stretch[] {
  return window.parts ?? [{ startUs: window.startUs, endUs: window.endUs }];
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
  return united(windows.filter(({ startUs, endUs }) => endUs > startUs));
}

/** The fault windows of one trial as one: opened and closed again by hand, they are one answer to one question. */
function united(windows: readonly Window[]): Window[] {
  const whole: Window[] = [];
  for (const window of windows) {
    const same = whole.find(({ kind, trial }) => kind === 'fault' && window.kind === kind && window.trial === trial);
    if (!same) {
      whole.push({ ...window });
      continue;
    }
    same.parts = [...stretchesOf(same), { startUs: window.startUs, endUs: window.endUs }];
    same.endUs = window.endUs;
    same.closed = window.closed;
  }
  return whole;
}

/**
 * The orders of the faults that begin at the start of the fault window (`at: 0s`, or by hand while no other is active).
 * Faults that begin later act inside the window; nothing is cut out for them.
 */
export function injectionsOf(events: readonly RunEvent[]): Injection[] {
  const initial = new Map<string, { duration: 'instant' | 'lasting'; byHand: boolean }>();
  for (const { faults } of events.filter(isPlan)) {
    for (const { id, atS, duration, byHand = false } of faults)
      if (atS === 0 || byHand) initial.set(id, { duration, byHand });
  }
  return events.flatMap((event): Injection[] => {
    const fault = event.type === 'fault.requested' ? initial.get(event.fault) : undefined;
    if (fault === undefined || event.type !== 'fault.requested') return [];
    // The window is there already: another fault has opened it.
    if (fault.byHand && event.window !== undefined) return [];
    return [{ duration: fault.duration, atUs: microseconds(event) }];
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
      if (due >= (startUs[w] ?? 0) && due < (endUs[w] ?? 0) && isOpen(windows[w], due)) window = w;
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

/** With several stretches: does a moment between its edges lie in one of them? */
function isOpen(window: Window | undefined, us: number): boolean {
  const parts = window?.parts;
  return parts === undefined || parts.some(({ startUs, endUs }) => us >= startUs && us < endUs);
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
    if (window) {
      const part = stretchesOf(window).findLast(({ startUs }) => startUs <= atUs + ORDER_SLACK_US) ?? window;
      const fromUs = earlierEnd(window, part) ?? baseline?.startUs ?? window.startUs;
      return { atUs: Math.min(atUs, part.startUs), fromUs, to };
    }
  }
  // A window that was lifted and comes back keeps what was due while it was open, however long that took.
  const next = windows.find(({ kind, parts, endUs }) => kind === 'fault' && parts !== undefined && atUs < endUs);
  const part = next && stretchesOf(next).find(({ endUs }) => atUs < endUs);
  return { atUs, fromUs: (next && part && earlierEnd(next, part)) ?? -Infinity, to: NO_WINDOW };
}

/** The end of the stretch before this one; undefined for the first. */
function earlierEnd(window: Window, part: Stretch): number | undefined {
  const before = stretchesOf(window).findLast(({ endUs }) => endUs <= part.startUs);
  return before?.endUs;
}

function isPlan(event: RunEvent): event is EventOf<'plan.resolved'> {
  return event.type === 'plan.resolved';
}
