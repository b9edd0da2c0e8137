import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestPicker, scheduleOf } from '../../src/load/schedule.js';

const plan = (ratePerSecond: number, arrivals: 'uniform' | 'poisson') => ({
  name: 'checkouts',
  ratePerSecond,
  arrivals,
});

describe('uniform schedule', () => {
  test('arrival i is due at i divided by the rate, without drift', () => {
    const schedule = scheduleOf(plan(3, 'uniform'), 1);
    expect(schedule.dueUs(0)).toBe(0);
    expect(schedule.dueUs(3)).toBe(1e6);
    expect(schedule.dueUs(3_000_000)).toBe(1e12);
  });
});

describe.each(['uniform', 'poisson'] as const)('%s schedule', (arrivals) => {
  test('scheduledBefore counts exactly the arrivals that are due before', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 5000, noNaN: true }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        (rate, index, seed) => {
          const schedule = scheduleOf(plan(rate, arrivals), seed);
          const dueUs = schedule.dueUs(index);
          expect(schedule.scheduledBefore(dueUs)).toBe(index);
          expect(schedule.scheduledBefore(dueUs + 1e-3)).toBe(index + 1);
          expect(schedule.scheduledBefore(0)).toBe(0);
          // Asked in any order.
          expect(schedule.dueUs(0)).toBe(scheduleOf(plan(rate, arrivals), seed).dueUs(0));
          expect(schedule.scheduledBefore(dueUs)).toBe(index);
        },
      ),
    );
  });

  test('the same seed gives the same schedule', () => {
    const one = scheduleOf(plan(200, arrivals), 7);
    const two = scheduleOf(plan(200, arrivals), 7);
    for (let i = 0; i < 1000; i++) expect(one.dueUs(i)).toBe(two.dueUs(i));
  });
});

describe('poisson schedule', () => {
  test('gaps have the mean and the spread of an exponential', () => {
    const schedule = scheduleOf(plan(100, 'poisson'), 7);
    const n = 20_000;
    const dues = Array.from({ length: n + 1 }, (_, i) => schedule.dueUs(i));
    const gaps = dues.slice(1).map((due, i) => due - dues[i]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / n;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / n);
    // Standard errors are 0.7 % of the mean.
    expect(mean / 10_000).toBeGreaterThan(0.97);
    expect(mean / 10_000).toBeLessThan(1.03);
    expect(deviation / mean).toBeGreaterThan(0.95);
    expect(deviation / mean).toBeLessThan(1.05);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });

  test('another seed or stream gives another schedule', () => {
    const base = scheduleOf(plan(100, 'poisson'), 7).dueUs(10);
    expect(scheduleOf(plan(100, 'poisson'), 8).dueUs(10)).not.toBe(base);
    expect(scheduleOf({ ...plan(100, 'poisson'), name: 'other' }, 7).dueUs(10)).not.toBe(base);
  });
});

describe('requestPicker', () => {
  test('follows the weights and never takes a weight of zero', () => {
    const pick = requestPicker([{ weight: 3 }, { weight: 0 }, { weight: 1 }], 7, 'shoppers');
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[pick(i)]! += 1;
    expect(counts[1]).toBe(0);
    expect(counts[0]! / 20_000).toBeGreaterThan(0.73);
    expect(counts[0]! / 20_000).toBeLessThan(0.77);
  });
});
