import { describe, expect, it } from 'vitest';
import { LAG_LADDER_MS, lagClass, lagQuantileMs } from '../../src/record/lag-ladder.js';

const counts = (lags: number[]) => {
  const all = Array.from({ length: LAG_LADDER_MS.length + 1 }, () => 0);
  for (const lag of lags) all[lagClass(lag)]! += 1;
  return all;
};

describe('scheduling lag by class', () => {
  it('is exact on the gate: 1 % beyond 10 ms is allowed, more is not', () => {
    const lags = (late: number) => [...Array<number>(1000 - late).fill(10), ...Array<number>(late).fill(10.1)];
    expect(lagQuantileMs(counts(lags(10)), 0.99)).toBe(10);
    expect(lagQuantileMs(counts(lags(11)), 0.99)).toBe(12);
  });

  it('never says less than the truth, knows no end, and says nothing about nothing', () => {
    for (const lag of [0, 0.4, 0.51, 7, 999]) expect(lagQuantileMs(counts([lag]), 0.99)).toBeGreaterThanOrEqual(lag);
    expect(lagQuantileMs(counts([5000]), 0.99)).toBe(Infinity);
    expect(lagQuantileMs(counts([]), 0.99)).toBeUndefined();
  });
});
