import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import { bucketWidth, judgeRecovery, timeToImpact, timeToRecover, type Buckets } from '../../src/verdict/recovery.js';
import { poisson } from './noise.js';

/** `b` bad, `g` good, one letter a second. */
const from = (letters: string): Buckets => ({
  widthS: 1,
  fromS: 0,
  isBad: Array.from(letters, (letter) => letter === 'b'),
});
const recovered = (seconds: number, observedS = 30) => ({ seconds, observedS, relapses: 0, crossCheckS: null });

describe('recovery', () => {
  it('finds the impact: three bad buckets in a row', () => {
    expect(timeToImpact(from('ggbgbbgbbbg'))).toBe(7);
    expect(timeToImpact(from('ggbbgbbggg'))).toBeNull();
  });

  it('finds the first five good buckets in a row', () => {
    expect(timeToRecover(from('bbbbggggggg'))).toMatchObject({ seconds: 4, observedS: 11, relapses: 0 });
    expect(timeToRecover(from('ggggggg')).seconds).toBe(0);
    expect(timeToRecover(from('bbggggbggggg')).seconds).toBe(7);
    expect(timeToRecover(from('bbggggbgggg')).seconds).toBeNull();
  });

  it('a late chance error is no relapse, three bad buckets are', () => {
    expect(timeToRecover(from('bbgggggggbbgggg'))).toMatchObject({ seconds: 2, relapses: 0 });
    expect(timeToRecover(from('bbgggggbbbggggg'))).toMatchObject({ seconds: 10, relapses: 1 });
    expect(timeToRecover(from('bbgggggbbbbbb'))).toMatchObject({ seconds: null, relapses: 1 });
  });

  it('judges the interval, and what was not seen', () => {
    expect(judgeRecovery(recovered(5), 1, 5)).toBe('passed');
    expect(judgeRecovery(recovered(5.5), 1, 5)).toBe('inconclusive');
    expect(judgeRecovery(recovered(6), 1, 5)).toBe('inconclusive');
    expect(judgeRecovery(recovered(6.5), 1, 5)).toBe('failed');
    const censored = { ...recovered(0), seconds: null };
    expect(judgeRecovery({ ...censored, observedS: 10 }, 1, 5)).toBe('failed');
    expect(judgeRecovery({ ...censored, observedS: 9 }, 1, 5)).toBe('inconclusive');
  });

  it('widens buckets until ten arrivals may be bad, if they fit', () => {
    expect(bucketWidth({ limit: 0.01, ratePerSecond: 1000, observedS: 60, withinS: 20 })).toEqual({
      widthS: 1,
      coarse: false,
    });
    expect(bucketWidth({ limit: 0.01, ratePerSecond: 200, observedS: 60, withinS: 25 })).toEqual({
      widthS: 5,
      coarse: false,
    });
    expect(bucketWidth({ limit: 0.01, ratePerSecond: 20, observedS: 60, withinS: 20 })).toEqual({
      widthS: 1,
      coarse: true,
    });
    expect(bucketWidth({ limit: 0.01, ratePerSecond: 2, observedS: 600, withinS: 60 })).toEqual({
      widthS: 4,
      coarse: true,
    });
  });

  it('has little bias where the last bad bucket would have minutes of it', () => {
    // Baseline 0.1 % errors, fault 20 %, tolerance 1 %, 200/s; health returns at 30.5 s of 300.
    const chance = random(9, 'recovery');
    const errors: number[] = [];
    const last: number[] = [];
    for (let run = 0; run < 200; run++) {
      const n = new Float64Array(300).fill(200);
      const x = n.map((_, s) => poisson(s < 30 ? 40 : s === 30 ? 20 : 0.2, chance));
      const isBad = Array.from(x, (bad) => bad / 200 > 0.01);
      const { seconds, crossCheckS } = timeToRecover({ widthS: 1, fromS: 0, isBad, counts: { x, n, limit: 0.01 } });
      errors.push((seconds ?? 300) - 30.5);
      last.push(isBad.lastIndexOf(true) + 1 - 30.5);
      expect(Math.abs((crossCheckS ?? 999) - (seconds ?? 300))).toBeLessThanOrEqual(6);
    }
    const mean = (of: number[]): number => of.reduce((sum, value) => sum + value, 0) / of.length;
    expect(Math.abs(mean(errors))).toBeLessThan(1);
    expect(Math.sqrt(mean(errors.map((error) => error ** 2)))).toBeLessThan(1.6);
    expect(mean(last)).toBeGreaterThan(20);
  });
});
