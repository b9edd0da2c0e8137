import { describe, expect, it } from 'vitest';
import { disperse, spreadOf, type Arm } from '../../src/verdict/dispersion.js';
import { mover } from '../../src/verdict/interval.js';
import { leastArrivals } from '../../src/verdict/quantile.js';
import { clopperPearson, ratioDrift, scoreZ, wilson } from '../../src/verdict/ratio.js';
import { ratioNeeded, ratioNeededToFail } from '../../src/verdict/sample-size.js';
import { normalUpper, studentUpper } from '../../src/verdict/special.js';
import { logEvidence } from '../../src/verdict/stopping.js';

const ALPHA = 0.05;
const DELTA = 0.0002;

/** `seconds` of `rate` arrivals with `bad` bad ones, spread as evenly as whole numbers allow. */
function evenArm(seconds: number, rate: number, bad: number): Arm {
  const arm: Arm = {
    x: bad,
    n: Math.round(seconds * rate),
    badPerSecond: new Float64Array(seconds),
    totalPerSecond: new Float64Array(seconds),
  };
  const spread = (total: number, into: Float64Array): void => {
    for (let s = 0; s < seconds; s++) {
      into[s] = Math.floor((total * (s + 1)) / seconds) - Math.floor((total * s) / seconds);
    }
  };
  spread(bad, arm.badPerSecond);
  spread(arm.n, arm.totalPerSecond);
  return arm;
}

function verdictOf(fault: Arm, base: Arm, floor = 1): string {
  const dispersion = disperse([spreadOf(base), spreadOf(fault)], { floor, anyEvents: fault.x + base.x > 0 });
  const { pass, fail } = ratioDrift({ fault, base, dispersion, alpha: ALPHA, delta: DELTA, direction: 'worse' });
  return fail ? 'failed' : pass ? 'passed' : 'inconclusive';
}

describe('fixed points', () => {
  it('quantiles of the normal and of Student', () => {
    expect(normalUpper(0.05)).toBeCloseTo(1.6448536, 7);
    expect(studentUpper(0.05, 19)).toBeCloseTo(1.729133, 6);
    expect(studentUpper(0.025, 38)).toBeCloseTo(2.024394, 6);
  });

  it('the upper bound of no error in 15,000', () => {
    expect(clopperPearson({ x: 0, n: 15_000 }, 0.05).high).toBeCloseTo(1.9969554e-4, 11);
  });

  it('the evidence of the confidence sequence', () => {
    expect(logEvidence({ x: 30, n: 10_000 }, 1e-3, 0.5 / 1e-3)).toBeCloseTo(10.317588, 5);
  });

  it('the score test at its own centre, and Newcombe beside it', () => {
    const fault = { x: 70, n: 100_000 };
    const base = { x: 50, n: 100_000 };
    expect(scoreZ(fault, base, DELTA)).toBeCloseTo(0, 9);
    const k = normalUpper(0.05);
    const { low, high } = mover(wilson(fault, k), wilson(base, k));
    expect(low).toBeCloseTo(1.9431e-5, 9);
    expect(high).toBeCloseTo(3.83702e-4, 9);
  });

  it('600,000 an arm: 300 against 300 passes, 780 against 300 fails', () => {
    expect(verdictOf(evenArm(600, 1000, 300), evenArm(600, 1000, 300))).toBe('passed');
    expect(verdictOf(evenArm(600, 1000, 780), evenArm(600, 1000, 300))).toBe('failed');
  });

  it('without errors, 14,900 are too few and 15,000 enough; in clusters of ten they are not', () => {
    expect(verdictOf(evenArm(300, 14_900 / 300, 0), evenArm(300, 14_900 / 300, 0))).toBe('inconclusive');
    expect(verdictOf(evenArm(300, 50, 0), evenArm(300, 50, 0))).toBe('passed');
    expect(verdictOf(evenArm(300, 50, 0), evenArm(300, 50, 0), 10)).toBe('inconclusive');
  });

  it('needed arrivals, as in the table of docs/verdicts.md', () => {
    const plan = { D: 1, delta: DELTA, alpha: ALPHA };
    // Columns: bad share, to pass at 80 % and 90 %, the same at α = 0.025, to fail a true 2δ at 90 %.
    const table: [p: number, pass80: number, pass90: number, strict: number, fail: number][] = [
      [0, 14_978, 14_978, 18_443, 59_745],
      [1e-5, 19_061, 21_874, 29_152, 71_516],
      [1e-4, 43_031, 56_904, 71_228, 119_085],
      [5e-4, 158_407, 218_598, 268_640, 296_001],
      [1e-3, 310_836, 430_138, 527_979, 511_188],
    ];
    for (const [p, pass80, pass90, strict, fail] of table) {
      const found = [
        ratioNeeded({ ...plan, p, power: 0.8 }),
        ratioNeeded({ ...plan, p, power: 0.9 }),
        ratioNeeded({ ...plan, p, alpha: 0.025, power: 0.9 }),
        ratioNeededToFail({ ...plan, p, power: 0.9 }),
      ];
      for (const [i, n] of [pass80, pass90, strict, fail].entries()) {
        expect(Math.abs((found[i] ?? 0) - n), `p ${p}, column ${i}: ${found[i]} against ${n}`).toBeLessThanOrEqual(2);
      }
    }
    expect(ratioNeeded({ ...plan, p: 5e-3, power: 0.9 }) / 2.13e6).toBeCloseTo(1, 2);
    expect(ratioNeeded({ ...plan, p: 1e-2, power: 0.9 }) / 4.24e6).toBeCloseTo(1, 2);
  });

  it('least arrivals of a quantile', () => {
    const k = normalUpper(0.05);
    expect([0.95, 0.99, 0.999].map((q) => leastArrivals(q, k))).toEqual([87, 446, 4480]);
  });
});
