import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import { disperse } from '../../src/verdict/dispersion.js';
import { holm, failPValue } from '../../src/verdict/multiplicity.js';
import { bettingProcess, bettingStop, confidenceSequence, stoppedDrift } from '../../src/verdict/stopping.js';
import { errorArm, poisson, share } from './noise.js';

describe('stopping', () => {
  it('the betting process stops few healthy runs, and sick ones soon', () => {
    const chance = random(21, 'betting');
    const runs = 400;
    for (const mu of [0.001, 0.036, 0.36]) {
      const stopped = share(runs, () => bettingStop(errorArm(600, 1000, mu, undefined, chance), mu, 0.01) !== null);
      expect(stopped, `μ₀ = ${mu}`).toBeLessThanOrEqual(0.01 + 3 * Math.sqrt((0.01 * 0.99) / runs));
    }
    const sick = Array.from(
      { length: 50 },
      () => bettingStop(errorArm(600, 1000, 0.005, undefined, chance), 0.001, 0.01) ?? Infinity,
    );
    expect(Math.max(...sick)).toBeLessThanOrEqual(80);
  });

  it('stakes that do not scale with μ₀ would stop healthy runs: the scaling is needed', () => {
    // The naive form: fixed stakes on (y − μ₀), cut off at zero instead of bounded.
    const chance = random(22, 'clipped');
    const stopped = share(400, () => {
      const stakes = [1, 3, 10, 30, 100, 300, 900];
      const wealth = stakes.map(() => 1);
      for (let block = 0; block < 60; block++) {
        const y = poisson(10_000 * 0.36, chance) / 10_000;
        for (const [j, stake] of stakes.entries()) wealth[j] = (wealth[j] ?? 1) * Math.max(0, 1 + stake * (y - 0.36));
        if (wealth.reduce((a, b) => a + b, 0) / stakes.length >= 100) return true;
      }
      return false;
    });
    expect(stopped).toBeGreaterThanOrEqual(0.03);
  });

  it('a block that the stop cut off counts by its part', () => {
    const whole = bettingProcess(0.01).add(1);
    const half = bettingProcess(0.01).add(1, 0.5);
    expect(half - 1).toBeCloseTo((whole - 1) / 2, 9);
  });

  it('the confidence sequence holds at every second at once', () => {
    const chance = random(23, 'sequence');
    const p = 0.002;
    const broken = share(300, () => {
      const arm = errorArm(300, 200, p, undefined, chance);
      let x = 0;
      return arm.badPerSecond.some((bad, second) => {
        x += bad;
        const { low, high } = confidenceSequence({ x, n: 200 * (second + 1) }, 0.001, 0.05);
        return low > p || high < p;
      });
    });
    expect(broken).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 300));
  });

  it('after a stop, a tenfold drift of 0.02 pp is found within seconds', () => {
    const base = { x: 300, n: 600_000 };
    const at = (seconds: number, drift: number) =>
      stoppedDrift({
        fault: { x: Math.round(seconds * 1000 * (5e-4 + drift)), n: seconds * 1000 },
        base,
        dispersion: disperse([], { anyEvents: false }),
        alpha: 0.05,
        delta: 2e-4,
      });
    expect(at(20, 0.002).fail).toBe(true);
    expect(at(20, 0).fail).toBe(false);
    expect(at(3, 0).pass).toBe(false);
    expect(at(600, 0).pass).toBe(true);
  });
});

describe('many critical parts', () => {
  it('Holm: sorted, compared with α/k, α/(k−1) …, stopped at the first miss', () => {
    const parts = (...pValues: (number | undefined)[]) => pValues.map((pValue) => ({ alpha: 0.05, pValue }));
    expect(holm(parts(0.001, undefined, undefined, undefined))).toEqual([true, false, false, false]);
    expect(holm(parts(0.02, undefined, undefined, undefined))).toEqual([false, false, false, false]);
    expect(holm(parts(0.02, 0.01, 0.016, 0.04))).toEqual([true, true, true, true]);
    expect(holm(parts(0.03, 0.01, 0.02, undefined))).toEqual([false, true, false, false]);
  });

  it('the p-value is the least level at which a part fails', () => {
    expect(failPValue((alpha) => alpha >= 0.0123, 0.05)).toBeCloseTo(0.0123, 6);
    expect(failPValue(() => true, 0.05)).toBe(1e-6);
  });
});
