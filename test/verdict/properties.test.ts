import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disperse, type Dispersion } from '../../src/verdict/dispersion.js';
import { mover } from '../../src/verdict/interval.js';
import { quantileDrift, quantileInterval, type Sample } from '../../src/verdict/quantile.js';
import {
  clopperPearson,
  ratioDrift,
  ratioObjective,
  ratioRelative,
  wilson,
  type Count,
} from '../../src/verdict/ratio.js';
import { ratioNeeded, ratioPower, ratioSmallest } from '../../src/verdict/sample-size.js';
import { rateArm, rateDrift } from '../../src/verdict/throughput.js';
import { confidenceSequence, stoppedDrift } from '../../src/verdict/stopping.js';

const ALPHA = 0.05;
const order = { failed: 0, inconclusive: 1, passed: 2 };
const count = fc
  .tuple(fc.integer({ min: 1, max: 200_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, p]): Count => ({ x: Math.round(n * p ** 4), n }));
const delta = fc.double({ min: 1e-5, max: 0.5, noNaN: true });
const dispersion = fc
  .tuple(fc.double({ min: 1, max: 30, noNaN: true }), fc.double({ min: -0.2, max: 0.9, noNaN: true }))
  .map(([deff, rho]): Dispersion => disperse([{ deff, rho, batches: 20 }], { anyEvents: deff > 1.5 }));
const direction = fc.constantFrom('worse' as const, 'both' as const);

function verdictOf({ pass, fail }: { pass: boolean; fail: boolean }): keyof typeof order {
  return fail ? 'failed' : pass ? 'passed' : 'inconclusive';
}

describe('properties', () => {
  it('swapping the arms negates the drift', () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        const there = mover(wilson(a, 1.6), wilson(b, 1.6));
        const back = mover(wilson(b, 1.6), wilson(a, 1.6));
        expect(there.value).toBeCloseTo(-back.value, 12);
        expect(there.low).toBeCloseTo(-back.high, 12);
        expect(there.high).toBeCloseTo(-back.low, 12);
      }),
    );
  });

  it('a larger tolerance never turns passed into failed, nor a pass into doubt', () => {
    fc.assert(
      fc.property(count, count, dispersion, delta, delta, (fault, base, spread, d1, d2) => {
        const [small, large] = d1 < d2 ? [d1, d2] : [d2, d1];
        const at = (tolerance: number) =>
          verdictOf(
            ratioDrift({ fault, base, dispersion: spread, alpha: ALPHA, delta: tolerance, direction: 'worse' }),
          );
        const [strict, loose] = [at(small), at(large)];
        expect(strict === 'passed' && loose === 'failed').toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('more bad events in the fault never improve a verdict, all else equal', () => {
    fc.assert(
      fc.property(count, count, dispersion, delta, fc.integer({ min: 1, max: 500 }), (fault, base, spread, d, more) => {
        const worse = { x: Math.min(fault.n, fault.x + more), n: fault.n };
        const question = { base, dispersion: spread, alpha: ALPHA, delta: d, direction: 'worse' as const };
        const before = verdictOf(ratioDrift({ ...question, fault }));
        const after = verdictOf(ratioDrift({ ...question, fault: worse }));
        // Between the exact method and the score test a borderline verdict may move by one step, never across.
        expect(before === 'failed' && after === 'passed').toBe(false);
        if (Math.min(fault.x, base.x) / spread.D >= 10 || Math.min(worse.x, base.x) / spread.D < 10) {
          if (Math.max(fault.x / fault.n, worse.x / worse.n) <= 0.05 || fault.x / fault.n > 0.05) {
            expect(order[after]).toBeLessThanOrEqual(order[before]);
          }
        }
        const objective = { dispersion: spread, alpha: ALPHA, max: d };
        expect(order[verdictOf(ratioObjective({ ...objective, count: worse }))]).toBeLessThanOrEqual(
          order[verdictOf(ratioObjective({ ...objective, count: fault }))],
        );
      }),
      { numRuns: 300 },
    );
  });

  it('more data of the same kind shrink the interval', () => {
    fc.assert(
      fc.property(count, fc.integer({ min: 2, max: 50 }), ({ x, n }, c) => {
        for (const interval of [
          [wilson({ x, n }, 1.6), wilson({ x: c * x, n: c * n }, 1.6)],
          [clopperPearson({ x, n }, ALPHA), clopperPearson({ x: c * x, n: c * n }, ALPHA)],
        ]) {
          const [small, large] = interval;
          if (!small || !large) throw new Error('two intervals expected');
          expect(large.high - large.low).toBeLessThanOrEqual(small.high - small.low + 1e-12);
        }
      }),
    );
  });

  it('no NaN, and every end on its side, for no, some or all bad', () => {
    const edge = fc.tuple(fc.constantFrom(1, 2, 7, 60, 20_000), fc.constantFrom(0, 0.5, 1)).map(([n, p]) => ({
      x: Math.round(n * p),
      n,
    }));
    fc.assert(
      fc.property(edge, edge, dispersion, delta, direction, (fault, base, spread, d, way) => {
        const question = { fault, base, dispersion: spread, alpha: ALPHA, delta: d };
        for (const drift of [
          ratioDrift({ ...question, direction: way }),
          ratioRelative({ ...question, direction: way }),
          stoppedDrift(question),
          { ...confidenceSequence(fault, 0.001, ALPHA), pass: false, fail: false },
          { ...clopperPearson(fault, ALPHA), pass: false, fail: false },
        ]) {
          if (!drift) continue;
          expect(Number.isNaN(drift.value + drift.low + drift.high)).toBe(false);
          expect(drift.low).toBeLessThanOrEqual(drift.value + 1e-9);
          expect(drift.high).toBeGreaterThanOrEqual(drift.value - 1e-9);
          expect(drift.pass && drift.fail).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('quantiles: ordered ends, no NaN, failures only ever make it worse', () => {
    const sample = fc
      .tuple(fc.array(fc.integer({ min: 100, max: 2_000_000 }), { maxLength: 300 }), fc.integer({ min: 0, max: 50 }))
      .filter(([ok, failed]) => ok.length + failed > 0)
      .map(([ok, failed]) => ({
        okUs: Uint32Array.from(ok).sort(),
        failedUs: new Float64Array(failed).fill(2e6),
      }));
    fc.assert(
      fc.property(sample, sample, fc.constantFrom(0.5, 0.9, 0.95), dispersion, (fault, base, q, spread) => {
        const interval = quantileInterval(fault, q, 1.645, spread.D);
        expect(Number.isNaN(interval.value + interval.low)).toBe(false);
        expect(interval.low).toBeLessThanOrEqual(interval.value);
        expect(interval.high).toBeGreaterThanOrEqual(Math.min(interval.value, 2));
        const question = {
          base,
          q,
          dispersion: spread,
          alpha: ALPHA,
          delta: 0.01,
          relative: false,
          direction: 'worse' as const,
        };
        const worse: Sample = {
          okUs: fault.okUs.slice(0, Math.floor(fault.okUs.length / 2)),
          failedUs: new Float64Array(fault.failedUs.length + Math.ceil(fault.okUs.length / 2)).fill(2e6),
        };
        const before = verdictOf(quantileDrift({ ...question, fault }));
        const after = verdictOf(quantileDrift({ ...question, fault: worse }));
        expect(before === 'failed' && after === 'passed').toBe(false);
      }),
    );
  });

  it('goodput: no NaN for any counts', () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        const [fault, base] = [rateArm(Float64Array.from(a)), rateArm(Float64Array.from(b))];
        if (fault.mean === 0 || base.mean === 0) return;
        const { value, low, high } = rateDrift({ fault, base, alpha: ALPHA, delta: 0.03, direction: 'worse' });
        expect(Number.isNaN(value + low + high)).toBe(false);
        expect(low).toBeLessThanOrEqual(value + 1e-12);
        expect(high).toBeGreaterThanOrEqual(value - 1e-12);
      }),
    );
  });

  it('the planned number, its power and the smallest tolerance agree', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-5, max: 0.02, noNaN: true }),
        fc.double({ min: 1e-4, max: 0.02, noNaN: true }),
        fc.double({ min: 1, max: 20, noNaN: true }),
        (p, d, D) => {
          const n = ratioNeeded({ p, D, delta: d, alpha: ALPHA, power: 0.9 });
          expect(ratioPower({ p, D, delta: d, alpha: ALPHA, n })).toBeGreaterThanOrEqual(0.899);
          expect(ratioSmallest({ p, n, D, alpha: ALPHA, power: 0.9 })).toBeLessThanOrEqual(d * 1.001);
        },
      ),
    );
  });
});
