import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import type { StreamArrivals } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import { availability, p95, sloOf, windowOf } from './arrivals.js';

const MILLION = 1_000_000;

/** Columns of a million arrivals over 100 s, made without an object each. */
function columns(fromS: number, toS: number): StreamArrivals {
  const chance = random(1, 'size');
  const count = Math.round((MILLION / 100) * (toS - fromS));
  const stream: StreamArrivals = {
    stream: 'main',
    model: 'open',
    plannedRatePerSecond: MILLION / 100,
    requests: ['get'],
    deadlinesS: [2],
    dueUs: new Float64Array(count),
    responseUs: new Uint32Array(count),
    status: new Uint16Array(count).fill(200),
    outcome: new Uint8Array(count),
    request: new Uint8Array(count),
  };
  for (let i = 0; i < count; i++) {
    stream.dueUs[i] = fromS * 1e6 + i * 100;
    stream.responseUs[i] = 20_000 + 30_000 * chance.next();
  }
  return stream;
}

describe('size', () => {
  it('judges a million arrivals in seconds, with memory that is a small multiple of the columns', () => {
    const timeline = columns(0, 100);
    const input = {
      slos: [
        availability,
        p95,
        sloOf({ indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 0.1 }] }),
      ],
      windows: [
        windowOf('baseline', 0, 40, [columns(0, 40)]),
        windowOf('fault', 40, 80, [columns(40, 80)]),
        windowOf('recovery', 80, 100, [columns(80, 100)]),
      ],
      timeline: [timeline],
      faults: [],
      endUs: 100e6,
      stoppedEarly: false,
    };
    const before = process.memoryUsage();
    const started = performance.now();
    const { slos } = judge(input);
    const tookMs = performance.now() - started;
    const after = process.memoryUsage();
    expect(slos.map(({ verdict }) => verdict)).toEqual(['passed', 'passed', 'passed']);
    expect(tookMs).toBeLessThan(15_000);
    const grownMb = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 1e6;
    expect(grownMb).toBeLessThan(200);
  });
});
