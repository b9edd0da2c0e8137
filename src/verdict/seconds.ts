import { sortUnsigned } from '../support/sort-unsigned.js';
import type { JudgeWindow, StreamArrivals } from './input.js';
import { walk } from './walk.js';

type Edges = Pick<JudgeWindow, 'startUs' | 'endUs'>;

/** A last second that is short by less than this was whole but for the edges' own jitter. */
const EDGE_S = 0.05;

/** Whole seconds of a window, counted from its start. */
export function wholeSeconds(window: Edges): number {
  return Math.max(0, Math.floor((window.endUs - window.startUs) / 1e6 + EDGE_S));
}

/**
 * The arrivals of one stream in one window, condensed once for all questions: by request and second of the due time, how
 * many failed, and the response times of the answers, sorted. So no question has to go over the arrivals again.
 */
export interface Seconds {
  store: Store;
  /** Seconds [from, to) of the store are this window's. */
  from: number;
  to: number;
  /** Whether what was due before the first whole second, and after the last, belongs too (to the totals, to no second). */
  before: boolean;
  after: boolean;
}

interface Store {
  arrivals: StreamArrivals;
  startUs: number;
  seconds: number;
  /** Group g holds the response times [starts[g], starts[g + 1]) of what was ok. */
  times: Uint32Array;
  starts: Uint32Array;
  failed: Uint32Array;
  /** How many arrivals of each group have a status; counted when first asked for. */
  statuses: Map<number, Uint32Array>;
}

/** One request in one second. `second` is −1 for what belongs to the totals alone. */
interface Group {
  second: number;
  /** Sorted, microseconds. */
  times: Uint32Array;
  failed: number;
  at: number;
}

const known = new WeakMap<StreamArrivals, Seconds>();

/** The window's arrivals by seconds. Made once for each stream of a window; the columns must not change afterwards. */
export function secondsOf(arrivals: StreamArrivals, window: Edges): Seconds {
  const seconds = wholeSeconds(window);
  const found = known.get(arrivals);
  const fits = found && found.store.startUs + found.from * 1e6 === window.startUs && found.to - found.from === seconds;
  if (found && fits) return found;
  const made = { store: storeOf(arrivals, window.startUs, seconds), from: 0, to: seconds, before: true, after: true };
  known.set(arrivals, made);
  return made;
}

/** A window in two, cut at the whole second in its middle; they share what the window was condensed to. */
export function halves(window: JudgeWindow): [JudgeWindow, JudgeWindow] {
  const seconds = wholeSeconds(window);
  const first = Math.floor(seconds / 2);
  const middleUs = window.startUs + first * 1e6;
  const half = (edges: Edges, cut: (of: Seconds) => Partial<Seconds>): JudgeWindow => ({
    ...window,
    ...edges,
    streams: window.streams.map((arrivals) => {
      const whole = secondsOf(arrivals, window);
      const part = { ...arrivals };
      known.set(part, { ...whole, ...cut(whole) });
      return part;
    }),
  });
  return [
    half({ startUs: window.startUs, endUs: middleUs }, ({ from }) => ({ to: from + first, after: false })),
    half({ startUs: middleUs, endUs: Math.max(window.endUs, window.startUs + seconds * 1e6) }, ({ from }) => ({
      from: from + first,
      before: false,
    })),
  ];
}

/** Visits the groups of a request, or of all. */
export function eachGroup(
  { store, from, to, before, after }: Seconds,
  request: number | undefined,
  see: (group: Group) => void,
): void {
  const { seconds, starts, times, failed } = store;
  const show = (at: number, second: number): void => {
    see({ second, times: times.subarray(starts[at], starts[at + 1]), failed: failed[at] ?? 0, at });
  };
  for (const r of request === undefined ? store.arrivals.requests.keys() : [request]) {
    const first = r * slotsOf(seconds);
    for (let second = from; second < to; second++) show(first + second, second - from);
    if (after) show(first + seconds, -1);
    if (before) show(first + seconds + 1, -1);
  }
}

/** How many arrivals of the group with number `at` have a status. */
export function withStatus({ store }: Seconds, status: number, at: number): number {
  let counts = store.statuses.get(status);
  if (!counts) {
    const { arrivals } = store;
    counts = new Uint32Array(store.failed.length);
    const place = placing(store);
    const counting = counts;
    walk(arrivals, (i) => {
      if (arrivals.status[i] !== status) return;
      const group = place(i);
      counting[group] = (counting[group] ?? 0) + 1;
    });
    store.statuses.set(status, counts);
  }
  return counts[at] ?? 0;
}

function storeOf(arrivals: StreamArrivals, startUs: number, seconds: number): Store {
  const groups = Math.max(1, arrivals.requests.length) * slotsOf(seconds);
  const { outcome, responseUs } = arrivals;
  const starts = new Uint32Array(groups + 1);
  const failed = new Uint32Array(groups);
  const store: Store = { arrivals, startUs, seconds, times: starts, starts, failed, statuses: new Map() };
  const place = placing(store);
  walk(arrivals, (i) => {
    const group = place(i);
    if (outcome[i] === 0) starts[group + 1] = (starts[group + 1] ?? 0) + 1;
    else failed[group] = (failed[group] ?? 0) + 1;
  });
  let longest = 0;
  for (let g = 0; g < groups; g++) {
    longest = Math.max(longest, starts[g + 1] ?? 0);
    starts[g + 1] = (starts[g + 1] ?? 0) + (starts[g] ?? 0);
  }
  const times = new Uint32Array(starts[groups] ?? 0);
  const next = starts.slice();
  walk(arrivals, (i) => {
    if (outcome[i] !== 0) return;
    const group = place(i);
    const at = next[group] ?? 0;
    times[at] = responseUs[i] ?? 0;
    next[group] = at + 1;
  });
  const scratch = new Uint32Array(longest);
  for (let g = 0; g < groups; g++) sortUnsigned(times.subarray(starts[g], starts[g + 1]), scratch);
  return { ...store, times };
}

/** The group of an arrival. */
function placing({ arrivals, startUs, seconds }: Pick<Store, 'arrivals' | 'startUs' | 'seconds'>) {
  const { dueUs, request } = arrivals;
  const slots = slotsOf(seconds);
  return (i: number): number => {
    const second = Math.floor(((dueUs[i] ?? 0) - startUs) / 1e6);
    const slot = second < 0 ? seconds + 1 : Math.min(second, seconds);
    return (request[i] ?? 0) * slots + slot;
  };
}

/** The whole seconds, what was due after them, and what was due before them. */
function slotsOf(seconds: number): number {
  return seconds + 2;
}
