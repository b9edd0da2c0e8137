import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Alarm } from '../../src/proxy/alarm.js';
import { shortestFloat32 } from '../../src/proxy/decode.js';
import { randomStream } from '../../src/proxy/random.js';
import { cleanPath } from '../../src/proxy/routes.js';
import { cuts } from '../../src/proxy/toxics/slicer.js';
import { TOXIC_TYPES } from '../../src/proxy/toxics/registry.js';

describe('shortestFloat32', () => {
  it('reads back as the same float32, and no shorter decimal does', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const shortest = shortestFloat32(value);
        expect(Math.fround(shortest) === value).toBe(true);
        const digits = shortest.toExponential().replace(/e.*|[-.]/g, '').length;
        if (digits > 1) expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.toBe(value);
      }),
    );
  });
});

describe('slicer', () => {
  it('cuts in order, to the end, and into pieces of about the average', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 32_768 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (length, average, share, seed) => {
          const variation = Math.floor(average * share);
          const ends = cuts(length, average, variation, randomStream(seed, 'slicer'));
          expect(ends.at(-1)).toBe(length);
          let start = 0;
          for (const end of ends) {
            expect(end - start).toBeLessThanOrEqual(average + variation);
            expect(end).toBeGreaterThanOrEqual(start);
            start = end;
          }
        },
      ),
    );
  });
});

describe('randomStream', () => {
  it('gives the same numbers for the same seed and name, and others for others', () => {
    const first = (seed: number, name: string): number[] => Array.from({ length: 5 }, randomStream(seed, name));
    expect(first(1, 'a')).toEqual(first(1, 'a'));
    expect(first(1, 'a')).not.toEqual(first(2, 'a'));
    expect(first(1, 'a')).not.toEqual(first(1, 'b'));
  });

  it('is uniform', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    // One number of each stream: toxicity is rolled once for each connection.
    for (let i = 0; i < 10_000; i += 1) {
      const cell = Math.floor(randomStream(42, `p/${i}/upstream`)() * 10);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
  });
});

describe('Alarm', () => {
  it('is never early, whatever the fraction of a millisecond', async () => {
    const errors = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const dueMs = performance.now() + index * 0.37;
        await new Promise<void>((resolve) => new Alarm().set(dueMs, resolve));
        return performance.now() - dueMs;
      }),
    );
    expect(Math.min(...errors)).toBeGreaterThanOrEqual(0);
  });

  it('does not fire when cancelled, nor at once for a delay that timers cannot hold', async () => {
    let fired = 0;
    const cancelled = new Alarm();
    cancelled.set(performance.now() + 5, () => (fired += 1));
    cancelled.cancel();
    const far = new Alarm();
    far.set(performance.now() + 2 ** 40, () => (fired += 1));
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    far.cancel();
    expect(fired).toBe(0);
  });
});

describe('cleanPath', () => {
  it.each([
    ['/', '/'],
    ['/a/', '/a/'],
    ['//', '/'],
    ['/a/..', '/'],
    ['/../a', '/a'],
    ['/a/./b', '/a/b'],
  ])('%s is %s', (path, clean) => expect(cleanPath(path)).toBe(clean));
});

it('every toxic is registered under its type', () => {
  expect([...TOXIC_TYPES.keys()].sort()).toEqual([
    'bandwidth',
    'fail_first',
    'http_abort',
    'http_delay',
    'http_status',
    'latency',
    'limit_data',
    'noop',
    'packet_loss',
    'reset_peer',
    'slicer',
    'slow_close',
    'timeout',
  ]);
  for (const [type, definition] of TOXIC_TYPES) expect(definition.type).toBe(type);
});
