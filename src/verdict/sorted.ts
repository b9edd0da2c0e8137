import { sortUnsigned } from '../support/sort-unsigned.js';

/** Numbers in ascending order, by position from 0. An array is one. */
export interface Sorted {
  readonly length: number;
  at(position: number): number | undefined;
}

/** With runs shorter than this on average, one sorted copy is cheaper than to look into each of them. */
const SHORT_RUN = 200;

/**
 * Sorted runs (one a second, say) as one sorted whole, without copying them: the value at a position is found by
 * halving the range of values, and counting in each run how many are below.
 */
export function sortedRuns(runs: readonly Uint32Array[]): Sorted {
  const filled = runs.filter((run) => run.length > 0);
  const [only] = filled;
  if (!only) return new Uint32Array(0);
  if (filled.length === 1) return only;
  const length = filled.reduce((sum, run) => sum + run.length, 0);
  if (length < filled.length * SHORT_RUN) return copied(filled, length);
  const found = new Map<number, number>();
  return {
    length,
    at(position) {
      if (position < 0 || position >= length) return undefined;
      let value = found.get(position);
      if (value === undefined) found.set(position, (value = valueAt(filled, position)));
      return value;
    },
  };
}

/** Values that occur many times each, by how often: as long as all of them, without being it. */
export function repeated(counts: ReadonlyMap<number, number>): Sorted {
  const each = [...counts].sort(([a], [b]) => a - b);
  return {
    length: each.reduce((sum, [, count]) => sum + count, 0),
    at(position) {
      let before = 0;
      for (const [value, count] of each) {
        before += count;
        if (position >= 0 && position < before) return value;
      }
      return undefined;
    },
  };
}

/** How many of a sorted run are above `limit`. */
export function countAbove(run: Uint32Array, limit: number): number {
  return run.length - countUpTo(run, limit);
}

function countUpTo(run: Uint32Array, limit: number): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((run[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The least value that more than `position` values do not exceed. */
function valueAt(runs: readonly Uint32Array[], position: number): number {
  let low = Infinity;
  let high = 0;
  for (const run of runs) {
    low = Math.min(low, run[0] ?? 0);
    high = Math.max(high, run.at(-1) ?? 0);
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    let count = 0;
    for (const run of runs) count += countUpTo(run, middle);
    if (count > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

function copied(runs: readonly Uint32Array[], length: number): Uint32Array {
  const all = new Uint32Array(length);
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return sortUnsigned(all);
}
