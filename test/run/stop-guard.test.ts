import { describe, expect, it } from 'vitest';
import { StopGuard } from '../../src/run/stop-guard.js';
import type { EventBody } from '../../src/record/events.js';

const NONE = { p50: null, p95: null, p99: null, max: null };
const second = (at: number, scheduled: number, bad: number, stream = 'load', open = 0): EventBody<'second'> => ({
  stream,
  second: at,
  final: open === 0,
  scheduled,
  outcomes: { ok: scheduled - bad - open, http_5xx: bad },
  open,
  responseOk: NONE,
  responseAll: NONE,
  service: NONE,
  schedulingLag: NONE,
  inFlight: open,
});
const guard = (plan = {}) =>
  new StopGuard({ enabled: true, errorRatio: 0.5, forMs: 5000, minBad: 20, ...plan }, new Set(['load']));

/** Feeds seconds 0, 1, … and returns the second of the first trip. */
function firstTrip(
  bads: number[],
  options: { scheduled?: number; armedFrom?: number; plan?: object } = {},
): number | undefined {
  const it = guard(options.plan);
  for (const [at, bad] of bads.entries()) {
    if (it.onSecond(second(at, options.scheduled ?? 40, bad), at >= (options.armedFrom ?? 0))) return at;
  }
  return undefined;
}

describe('the stop guard', () => {
  it('bears a bad second and trips when half of five seconds fail', () => {
    const calm = [0, 0, 0, 0, 0];
    expect(firstTrip([...calm, 40, 0, 0, 0, 0])).toBeUndefined();
    expect(firstTrip([...calm, 40, 40, 40, 40])).toBe(7);
  });

  it('needs a whole window: what came before the harm counts as it was', () => {
    expect(firstTrip([0, 0, 0, 0, 0, 40, 40, 40], { armedFrom: 5 })).toBe(7);
  });

  it('does not trip on a handful of failures', () => {
    expect(firstTrip([3, 3, 3, 3, 3, 3], { scheduled: 3 })).toBeUndefined();
    expect(firstTrip([5, 5, 5, 5, 5, 5], { scheduled: 5 })).toBe(4);
  });

  it('trips on timeouts that become known a deadline later', () => {
    const it = guard();
    for (let at = 0; at < 5; at++) expect(it.onSecond(second(at, 40, 0, 'load', 40), true)).toBeUndefined();
    const trips = [0, 1, 2, 3, 4].map((at) => it.onSecond(second(at, 40, 40), true));
    expect(trips.map((trip) => trip !== undefined)).toEqual([false, false, true, true, true]);
    expect(trips[2]?.message).toContain('120 of 200');
  });

  it('looks at its own streams only, and is off when the scenario says so', () => {
    const it = guard();
    for (let at = 0; at < 10; at++) expect(it.onSecond(second(at, 40, 40, 'shoppers'), true)).toBeUndefined();
    expect(firstTrip([40, 40, 40, 40, 40], { plan: { enabled: false } })).toBeUndefined();
  });
});
