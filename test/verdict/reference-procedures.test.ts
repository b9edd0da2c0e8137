import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spreadOf, type Dispersion } from '../../src/verdict/dispersion.js';
import { mover } from '../../src/verdict/interval.js';
import { obrienFlemingConstant } from '../../src/verdict/looks.js';
import { clopperPearson, ratioRelative, restricted, scoreZ, wilson } from '../../src/verdict/ratio.js';
import { normalUpper } from '../../src/verdict/special.js';
import { judgePairs } from '../../src/verdict/trials.js';

// Made by reference-procedures.py with SciPy, statsmodels and mpmath; the file names the versions.
const reference = JSON.parse(readFileSync(new URL('reference-procedures.json', import.meta.url), 'utf8')) as {
  intervals: number[][];
  newcombe: number[][];
  score: number[][];
  rateRatio: number[][];
  dispersion: { bad: number[]; all: number[]; deff: number; rho: number }[];
  pairs: { drifts: number[]; ses: number[]; mean: number; low: number; high: number; prediction: number; i2: number }[];
  looks: number[][];
};

const INDEPENDENT: Dispersion = { D: 1, deff: 1, phi: 1, rho: 0, rhoMean: 0, df: 38, dfOne: 19 };

/** Agreement to one part in a million. */
function agree(found: number, expected: number, what: string, scale = Math.abs(expected)): void {
  expect(Math.abs(found - expected), `${what}: ${found} against ${expected}`).toBeLessThanOrEqual(1e-6 * scale + 1e-13);
}

describe('against statsmodels, SciPy and mpmath', () => {
  it('Clopper–Pearson and Wilson', () => {
    expect(reference.intervals.length).toBeGreaterThan(10);
    for (const [x = 0, n = 0, alpha = 0, low = 0, high = 0, wilsonLow = 0, wilsonHigh = 0] of reference.intervals) {
      const exact = clopperPearson({ x, n }, alpha);
      agree(exact.low, low, `Clopper–Pearson ${x}/${n}, low`);
      agree(exact.high, high, `Clopper–Pearson ${x}/${n}, high`);
      const score = wilson({ x, n }, normalUpper(alpha));
      agree(score.low, wilsonLow, `Wilson ${x}/${n}, low`);
      agree(score.high, wilsonHigh, `Wilson ${x}/${n}, high`);
    }
  });

  it('Newcombe’s interval of a difference', () => {
    for (const [x1 = 0, n1 = 0, x2 = 0, n2 = 0, alpha = 0, low = 0, high = 0] of reference.newcombe) {
      const k = normalUpper(alpha);
      const found = mover(wilson({ x: x1, n: n1 }, k), wilson({ x: x2, n: n2 }, k));
      agree(found.low, low, `Newcombe ${x1} against ${x2}, low`);
      agree(found.high, high, `Newcombe ${x1} against ${x2}, high`);
    }
  });

  it('the score test: the closed form is the root of the likelihood; the binomial form differs by thousandths', () => {
    for (const [x1 = 0, n1 = 0, x2 = 0, n2 = 0, delta = 0, q1 = 0, q2 = 0, z = 0, binomial = 0] of reference.score) {
      const [fault, base] = [
        { x: x1, n: n1 },
        { x: x2, n: n2 },
      ];
      const what = `score ${x1}/${n1} against ${x2}/${n2}`;
      const found = restricted(fault, base, delta);
      agree(found.q1, q1, `${what}, q1`);
      agree(found.q2, q2, `${what}, q2`);
      agree(scoreZ(fault, base, delta), z, `${what}, Z`, Math.max(Math.abs(z), 1e-3));
      expect(Math.abs(z - binomial)).toBeLessThanOrEqual(0.004 * Math.abs(binomial) + 1e-9);
    }
  });

  it('the exact rate ratio', () => {
    for (const [x1 = 0, n1 = 0, x2 = 0, n2 = 0, alpha = 0, low = 0, high = 0] of reference.rateRatio) {
      const found = ratioRelative({
        fault: { x: x1, n: n1 },
        base: { x: x2, n: n2 },
        dispersion: INDEPENDENT,
        alpha,
        delta: 0.1,
        direction: 'worse',
      });
      agree(found?.low ?? NaN, low, `rate ratio ${x1} against ${x2}, low`);
      agree(found?.high ?? NaN, high, `rate ratio ${x1} against ${x2}, high`);
    }
  });

  it('design effect and autocorrelation of batches', () => {
    for (const { bad, all, deff, rho } of reference.dispersion) {
      const found = spreadOf({ badPerSecond: Float64Array.from(bad), totalPerSecond: Float64Array.from(all) });
      agree(found.deff, deff, 'design effect');
      agree(found.rho, rho, 'autocorrelation');
    }
  });

  it('the interval, the prediction and the heterogeneity of trials', () => {
    for (const { drifts, ses, mean, low, high, prediction, i2 } of reference.pairs) {
      const pairs = drifts.map((value, i) => ({
        trial: i + 1,
        drift: { value, low: value, high: value },
        se: ses[i] ?? 0,
      }));
      const found = judgePairs(pairs, { delta: 1, alpha: 0.05, direction: 'worse' });
      agree(found.value, mean, 'mean');
      agree(found.low, low, 'low');
      agree(found.high, high, 'high');
      agree(found.prediction.high, prediction, 'prediction');
      agree(found.heterogeneity, i2, 'I²');
    }
  });

  it('O’Brien and Fleming’s constants, and Jennison and Turnbull’s published one (1.751 for five looks)', () => {
    for (const [looks = 0, alpha = 0, c = 0] of reference.looks) {
      agree(obrienFlemingConstant(looks, alpha), c, `${looks} looks at ${alpha}`);
    }
    expect(obrienFlemingConstant(5, 0.05).toFixed(3)).toBe('1.751');
    expect(() => obrienFlemingConstant(1, 0.05)).toThrow('at least 2 looks');
  });
});
