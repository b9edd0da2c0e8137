import { describe, expect, it } from 'vitest';
import { criticalValue, disperse, spreadOf } from '../../src/verdict/dispersion.js';
import type { Answer, Evidence } from '../../src/verdict/evidence/evidence.js';
import { noiseBlockers } from '../../src/verdict/preconditions.js';
import { quantileDrift, type Sample } from '../../src/verdict/quantile.js';
import { ratioDrift } from '../../src/verdict/ratio.js';
import { normalUpper, studentUpper } from '../../src/verdict/special.js';
import { rateDrift } from '../../src/verdict/throughput.js';
import { sloOf } from './arrivals.js';

const spread = (deff: number, rho: number) => ({ deff, rho, batches: 20 });
const calm = disperse([spread(1, 0)], { anyEvents: false });

describe('what bursts leave of a count', () => {
  it('an arm by hand: four batches of two seconds, all errors in one', () => {
    const arm = {
      badPerSecond: Float64Array.from([0, 0, 4, 4, 0, 0, 0, 0, 9]),
      totalPerSecond: new Float64Array(9).fill(10),
    };
    // Batches 0 8 0 0 of 20 each, the ninth second left out: r = .1, e = −.1 .3 −.1 −.1, Σe² = .12,
    // V = .12/12 = .01 against .1·.9/80 = .001125; Σe·e₋₁ = −.03 − .03 + .01 = −.05.
    const found = spreadOf(arm, 4);
    expect(found.deff).toBeCloseTo(0.01 / 0.001125, 9);
    expect(found.rho).toBeCloseTo(-0.05 / 0.12, 9);
  });

  it('joins windows: the larger design effect, the mean autocorrelation + 1/B, and fewer degrees of freedom', () => {
    const found = disperse([spread(3, 0.5), spread(7, 0.2)]);
    const rho = 0.35 + 0.05;
    const phi = (1 + rho) / (1 - rho);
    expect(found).toMatchObject({ deff: 7, rhoMean: 0.35 });
    expect(found.D).toBeCloseTo(7 * phi, 9);
    expect(found.df).toBeCloseTo(38 / phi, 9);
    expect(found.dfOne).toBeCloseTo(19 / phi, 9);
    expect(disperse([spread(3, 0.5)], { floor: 50 }).D).toBeGreaterThan(50);
    expect(disperse([spread(1, 2)]).rho).toBe(0.9);
    expect(disperse([spread(1, 2)]).df).toBe(4);
    expect(calm.D).toBe(1);
  });

  it('takes the critical value from Student where the variance was estimated', () => {
    const found = disperse([spread(3, 0)]);
    expect(criticalValue(found, 0.05, 2)).toBeCloseTo(studentUpper(0.05, found.df), 9);
    expect(criticalValue(found, 0.05, 1)).toBeCloseTo(studentUpper(0.05, found.dfOne), 9);
    expect(criticalValue(calm, 0.05, 2)).toBeCloseTo(normalUpper(0.05), 9);
  });

  it('chooses the method by how many and how rare', () => {
    const method = (x: number, n: number): string =>
      ratioDrift({ fault: { x, n }, base: { x, n }, dispersion: calm, alpha: 0.05, delta: 0.01, direction: 'worse' })
        .method;
    expect(method(9, 1000)).toContain('Clopper–Pearson');
    expect(method(10, 1000)).toBe('score test');
    expect(method(60, 1000)).toContain('Newcombe');
  });

  it('goodput: autocorrelation widens the interval', () => {
    const half = (rho: number): number => {
      const arm = { mean: 100, variance: 1e-4, rho, batches: 20 };
      const { low, high } = rateDrift({ fault: arm, base: arm, alpha: 0.05, delta: 0.03, direction: 'worse' });
      return high - low;
    };
    // √φ alone is √(1.65/.35 ÷ 1.05/.95) = 2.06; the degrees of freedom add to it.
    expect(half(0.6) / half(0)).toBeGreaterThan(2.06);
    expect(half(0.6) / half(0)).toBeLessThan(3);
  });

  it('a quantile without all its ranks does not pass', () => {
    const sample = (n: number): Sample => ({ okUs: new Uint32Array(n).fill(1000), failedUs: new Float64Array(0) });
    const drift = (n: number) =>
      quantileDrift({
        fault: sample(500),
        base: sample(n),
        q: 0.05,
        dispersion: calm,
        alpha: 0.05,
        delta: 1,
        relative: false,
        direction: 'worse',
      });
    expect(drift(500)).toMatchObject({ pass: true, estimable: true });
    expect(drift(20)).toMatchObject({ pass: false, estimable: false });
  });

  it('autocorrelation takes a failure away only where the baseline has it too', () => {
    const takes = (baselineRho: number, rhoMean: number): string[] =>
      noiseBlockers(
        { dispersion: { ...calm, rhoMean } } as Answer,
        { baselineRho } as Evidence,
        { slo: sloOf({ indicator: { type: 'throughput' } }), noise: undefined, stoppedEarly: false },
        ['baseline', 'fault'],
      ).map((blocker) => blocker.takes);
    expect(takes(0.3, 0.6)).toEqual(['pass']);
    expect(takes(0.7, 0.6)).toEqual(['both']);
    expect(takes(0.3, 0.5)).toEqual([]);
  });
});
