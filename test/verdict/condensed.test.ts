import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortUnsigned } from '../../src/support/sort-unsigned.js';
import { countArm, sampleOf, select, testOf, type Trait } from '../../src/verdict/arrivals.js';
import type { StreamArrivals } from '../../src/verdict/input.js';
import { halves } from '../../src/verdict/seconds.js';
import { sortedRuns, type Sorted } from '../../src/verdict/sorted.js';
import { walk } from '../../src/verdict/walk.js';
import { streamOf, windowOf } from './arrivals.js';

const arrival = fc.record({
  dueS: fc.double({ min: -1, max: 9, noNaN: true }),
  responseS: fc.oneof(
    fc.integer({ min: 0, max: 20 }).map((ms) => ms / 1000),
    fc.double({ min: 0, max: 2, noNaN: true }),
  ),
  outcome: fc.constantFrom(0, 0, 0, 1, 8),
  status: fc.constantFrom(200, 202, 500),
  request: fc.constantFrom(0, 1),
});
const marked = fc.array(fc.tuple(arrival, fc.constantFrom(0, 1, 255)), { maxLength: 300 });
const trait = fc.oneof(
  fc.constantFrom<Trait>(
    { is: 'ok' },
    { is: 'failed' },
    { is: 'status', status: 202 },
    { is: 'other-status', status: 200 },
  ),
  fc.double({ min: 0, max: 2.1e6, noNaN: true }).map((thanUs): Trait => ({ is: 'slower', thanUs })),
);

/** A stream of two requests, of which the arrivals with mark 1 belong, without those of outcome 8. */
function partOf(made: readonly [Parameters<typeof streamOf>[0][number], number][]): StreamArrivals {
  const stream = streamOf(
    made.map(([one]) => one),
    { requests: ['a', 'b'], deadlinesS: [2, 3] },
  );
  const part = { from: 0, to: made.length, marks: Uint8Array.from(made, ([, mark]) => mark), mark: 1 };
  return { ...stream, part: { ...part, sinceUs: -0.5e6, without: 8 } };
}

/** Each arrival looked at by itself, the slow way. */
function positions(arrivals: StreamArrivals, request: string | undefined): number[] {
  const { part, dueUs, outcome } = arrivals;
  return [...dueUs.keys()].filter(
    (i) =>
      (!part || (part.marks?.[i] === part.mark && (dueUs[i] ?? 0) >= part.sinceUs && outcome[i] !== part.without)) &&
      (request === undefined || arrivals.requests[arrivals.request[i] ?? 0] === request),
  );
}

describe('arrivals condensed by seconds', () => {
  it('count the same as one by one, in total, per second and in both halves', () => {
    fc.assert(
      fc.property(
        marked,
        trait,
        fc.constantFrom(undefined, 'a', 'b'),
        fc.integer({ min: 1, max: 8 }),
        (made, bad, request, endS) => {
          const stream = partOf(made);
          const window = windowOf('baseline', 0, endS, [stream]);
          const slo = request === undefined ? {} : { request };
          const mine = positions(stream, request);
          const test = testOf(bad);
          const arm = countArm(select(window.streams, slo), window, bad);
          expect([arm.x, arm.n]).toEqual([mine.filter((i) => test(stream, i)).length, mine.length]);
          for (let second = 0; second < endS; second++) {
            const inside = mine.filter((i) => Math.floor((stream.dueUs[i] ?? 0) / 1e6) === second);
            expect(arm.totalPerSecond[second]).toBe(inside.length);
            expect(arm.badPerSecond[second]).toBe(inside.filter((i) => test(stream, i)).length);
          }
          const [first, second] = halves(window);
          const middleUs = Math.floor(endS / 2) * 1e6;
          const half = [first, second].map((one) => countArm(select(one.streams, slo), one, bad));
          const early = mine.filter((i) => (stream.dueUs[i] ?? 0) < middleUs);
          expect(half.map(({ n }) => n)).toEqual([early.length, mine.length - early.length]);
          expect(half[0]?.x).toBe(early.filter((i) => test(stream, i)).length);
          const joined = half.flatMap(({ badPerSecond }) => [...badPerSecond]);
          expect(joined).toEqual([...arm.badPerSecond]);
        },
      ),
    );
  });

  it('have the same order statistics as one sorted whole', () => {
    fc.assert(
      fc.property(marked, fc.constantFrom('all' as const, 'ok' as const), (made, population) => {
        const stream = partOf(made);
        const window = windowOf('baseline', 0, 8, [stream]);
        const mine = positions(stream, undefined);
        const ok = mine.filter((i) => stream.outcome[i] === 0).map((i) => stream.responseUs[i] ?? 0);
        const late = mine.filter((i) => stream.outcome[i] !== 0).map((i) => (stream.request[i] === 0 ? 2e6 : 3e6));
        const { okUs, failedUs } = sampleOf([{ selected: select(window.streams, {}), window }], population);
        const all = (sorted: Sorted) => Array.from({ length: sorted.length }, (_, k) => sorted.at(k));
        const up = (a: number, b: number) => a - b;
        expect(all(okUs)).toEqual(ok.sort(up));
        expect(all(failedUs)).toEqual(population === 'all' ? late.sort(up) : []);
        expect(okUs.at(ok.length)).toBeUndefined();
      }),
    );
  });

  it('walk over what belongs, and nothing else', () => {
    fc.assert(
      fc.property(marked, (made) => {
        const stream = partOf(made);
        const seen: number[] = [];
        walk(stream, (i) => seen.push(i));
        expect(seen).toEqual(positions(stream, undefined));
      }),
    );
  });
});

describe('sorted runs', () => {
  it('long ones are looked into without a copy, and give every value at its place', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 200, maxLength: 400 }), { minLength: 2, maxLength: 4 }),
        (runs) => {
          const whole = Uint32Array.from(runs.flat()).sort();
          const sorted = sortedRuns(runs.map((run) => Uint32Array.from(run).sort()));
          expect(sorted).not.toBeInstanceOf(Uint32Array);
          expect(Array.from(whole, (_, k) => sorted.at(k))).toEqual([...whole]);
          expect([sorted.at(-1), sorted.at(whole.length)]).toEqual([undefined, undefined]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('unsigned numbers are sorted as by comparison, whatever their length and size', () => {
    for (const [count, most] of [
      [0, 1],
      [100, 2 ** 32],
      [5000, 100],
      [5000, 2 ** 11],
      [5000, 2 ** 22 + 5],
      [5000, 2 ** 32],
    ] as const) {
      let state = count + most;
      const values = Uint32Array.from({ length: count }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state % most;
      });
      const scratch = new Uint32Array(6000);
      expect([...sortUnsigned(values.slice(), scratch)]).toEqual([...values.slice().sort()]);
      expect([...sortUnsigned(values.slice())]).toEqual([...values.slice().sort()]);
    }
  });
});
