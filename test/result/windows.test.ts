import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyColumns } from '../../src/record/arrivals-reader.js';
import type { RunEvent } from '../../src/record/events.js';
import { quantileLadder, quantileOf } from '../../src/result/quantiles.js';
import {
  assignWindows,
  injectionsOf,
  NO_WINDOW,
  windowsOf,
  type Injection,
  type Window,
} from '../../src/result/windows.js';

/** Arrivals from [due, response time], in seconds. */
function arrivals(...rows: [number, number][]) {
  const columns = emptyColumns(rows.length);
  rows.forEach(([dueS, responseS], k) => {
    columns.dueUs[k] = dueS * 1e6;
    columns.responseUs[k] = responseS * 1e6;
  });
  return columns;
}

const window = (kind: Window['kind'], startS: number, endS: number, trial = 1): Window => ({
  kind,
  trial,
  startUs: startS * 1e6,
  endUs: endS * 1e6,
  closed: true,
});

/** Names of the windows of arrivals given as [due, response time]. */
function named(windows: Window[], injections: Injection[], ...rows: [number, number][]): string[] {
  return [...assignWindows(arrivals(...rows), windows, injections)].map((k) => windows[k]?.kind ?? 'none');
}

describe('a lasting fault', () => {
  // Ordered at 20.1, proven at 20.3, lifted from 40 to 40.5.
  const windows = [window('baseline', 3, 20), window('fault', 20.3, 40), window('recovery', 40.5, 50)];
  const of = (...rows: [number, number][]) => named(windows, [{ duration: 'lasting', atUs: 20.1e6 }], ...rows);

  it('keys on the due time; edges belong to the window that they open', () => {
    expect(of([2.999, 0], [3, 0], [19.9, 0.01], [20.3, 0], [39.999, 0.1], [40, 0], [40.5, 0], [50, 0])).toEqual([
      'none',
      'baseline',
      'baseline',
      'fault',
      'fault',
      'none',
      'recovery',
      'none',
    ]);
  });

  it('leaves out what was in flight when it was ordered, and what was due until it was proven', () => {
    expect(of([19.9, 0.19], [19.9, 0.2], [19.9, 0.21], [10, 20], [20.1, 0.01], [20.2, 5])).toEqual([
      'baseline',
      'baseline',
      'none',
      'none',
      'none',
      'none',
    ]);
  });

  it('keeps in the fault what was due in it, even if it was answered in the recovery or in flight at the undo', () => {
    expect(of([39.9, 0.2], [39.9, 5], [40.4, 5])).toEqual(['fault', 'fault', 'none']);
  });
});

describe('an instant fault', () => {
  // The window opens when the order is given, a moment before it is in the log.
  const windows = [window('baseline', 3, 20), window('fault', 20.1, 40), window('recovery', 40.5, 50)];
  const of = (...rows: [number, number][]) => named(windows, [{ duration: 'instant', atUs: 20.1002e6 }], ...rows);

  it('takes what was in flight at its order: booked to the baseline it would hide the harm', () => {
    expect(of([19.9, 0.2], [19.9, 0.21], [20.05, 0.04], [20.05, 1], [20.1, 1], [20.1001, 0])).toEqual([
      'baseline',
      'fault',
      'none',
      'fault',
      'fault',
      'fault',
    ]);
  });

  it('takes nothing of the warm-up', () => {
    expect(of([2.9, 30])).toEqual(['none']);
  });

  it('wins over a lasting fault at the same start', () => {
    const mixed: Injection[] = [
      { duration: 'lasting', atUs: 20.05e6 },
      { duration: 'instant', atUs: 20.1e6 },
    ];
    expect(named(windows, mixed, [19.9, 0.14], [19.9, 0.16], [19.9, 0.21], [20.06, 0.02], [20.06, 0.2])).toEqual([
      'baseline',
      'none',
      'fault',
      'none',
      'fault',
    ]);
  });

  it('without a window of its own (the run was killed) leaves out what was in flight', () => {
    expect(
      named([window('baseline', 3, 20)], [{ duration: 'instant', atUs: 20e6 }], [19.9, 0.05], [19.9, 0.2]),
    ).toEqual(['baseline', 'none']);
  });
});

it('a fault that begins inside the window cuts nothing out', () => {
  const event = (type: string, t: number, body: object): RunEvent =>
    ({ v: 1, seq: 1, t, type, ...body }) as unknown as RunEvent;
  const plan = (id: string, atS: number, duration: string) => ({ id, atS, duration });
  const events = [
    event('plan.resolved', 0, {
      faults: [plan('f1', 0, 'lasting'), plan('f2', 10, 'instant'), plan('f3', 0, 'instant')],
    }),
    event('fault.requested', 20.1, { fault: 'f1' }),
    event('fault.requested', 20.2, { fault: 'f3' }),
    event('fault.requested', 30, { fault: 'f2' }),
  ];
  expect(injectionsOf(events)).toEqual([
    { duration: 'lasting', atUs: 20_100_000 },
    { duration: 'instant', atUs: 20_200_000 },
  ]);
});

it('several trials keep their windows apart', () => {
  const windows = [
    window('baseline', 3, 20, 1),
    window('fault', 20.3, 40, 1),
    window('recovery', 40.5, 50, 1),
    window('baseline', 50, 70, 2),
    window('fault', 70.3, 90, 2),
  ];
  const injections: Injection[] = [
    { duration: 'lasting', atUs: 20.1e6 },
    { duration: 'lasting', atUs: 70.1e6 },
  ];
  expect([...assignWindows(arrivals([19.9, 1], [25, 1], [60, 1], [69.9, 1], [75, 1]), windows, injections)]).toEqual([
    NO_WINDOW,
    1,
    3,
    NO_WINDOW,
    4,
  ]);
});

it('an open window ends with the undo, the next window, or the last thing seen', () => {
  const event = (type: string, t: number, kind: string): RunEvent =>
    ({ v: 1, seq: 1, t, type, window: kind, trial: 1, atUs: t * 1e6, fault: 'f1' }) as unknown as RunEvent;
  const opened = [
    event('window.opened', 3, 'baseline'),
    event('window.closed', 20, 'baseline'),
    event('window.opened', 21, 'fault'),
  ];
  const ends = (events: RunEvent[]) =>
    windowsOf(events, 33e6).map(({ kind, endUs, closed }) => [kind, endUs / 1e6, closed]);
  expect(ends(opened)).toEqual([
    ['baseline', 20, true],
    ['fault', 33, false],
  ]);
  expect(ends([...opened, event('undo.requested', 30, 'x')])).toEqual([
    ['baseline', 20, true],
    ['fault', 30, false],
  ]);
  expect(ends([...opened, event('window.opened', 31, 'recovery')])).toEqual([
    ['baseline', 20, true],
    ['fault', 31, false],
    ['recovery', 33, false],
  ]);
  // A window of no length is none.
  expect(ends([event('window.opened', 33, 'baseline')])).toEqual([]);
});

describe('quantiles', () => {
  it('are nearest ranks: the least value that the share q does not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 999 }),
        (values, q) => {
          const sorted = values.toSorted((a, b) => a - b);
          const found = quantileOf(sorted, q / 1000) ?? NaN;
          const share = (limit: number): number => sorted.filter((value) => value <= limit).length * 1000;
          expect(share(found)).toBeGreaterThanOrEqual(q * sorted.length);
          const below = sorted.filter((value) => value < found);
          expect(below.length * 1000).toBeLessThan(q * sorted.length);
        },
      ),
      { seed: 3 },
    );
    expect(quantileOf([], 0.5)).toBeNull();
    expect(quantileOf([1, 2, 3], 0.99, 100)).toBeNull();
    // 0.07 × 100 is 7.000000000000001.
    expect(
      quantileOf(
        Array.from({ length: 100 }, (_, k) => k + 1),
        0.07,
      ),
    ).toBe(7);
  });

  it('climb a ladder that ends where there is nothing more to know', () => {
    for (const n of [1, 2, 20, 1000, 1_000_000]) {
      const ladder = quantileLadder(n);
      expect(ladder).toEqual([...new Set(ladder)].toSorted((a, b) => a - b));
      expect(ladder[0]).toBe(0);
      expect(Math.ceil((ladder.at(-1) ?? 0) * n)).toBeGreaterThanOrEqual(Math.min(n, Math.ceil(0.99999 * n)) - 1);
    }
    expect(quantileLadder(1e6)).toEqual(expect.arrayContaining([0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]));
    expect(quantileLadder(1000).length).toBeLessThan(quantileLadder(1e6).length);
  });
});
