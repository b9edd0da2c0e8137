import { describe, expect, it } from 'vitest';
import { cannotDecide, foresightLine } from '../../src/plan/foresight.js';
import type { SloNoise } from '../../src/verdict/noise-profile.js';
import { foresee } from '../../src/verdict/power.js';
import { p95, sloOf } from '../verdict/arrivals.js';

const strict = sloOf({
  name: 'strict',
  indicator: { type: 'error-rate' },
  tolerances: [{ type: 'points', value: 0.0002 }],
});
const streams = (rate: number) => [{ name: 'main', model: 'open' as const, ratePerSecond: rate }];
const phases = { baselineS: 20, faultS: 20, recoveryS: 10 };
const noise = (se: number, between: number): SloNoise => ({
  indicator: 'latency',
  designEffect: 2,
  rho: 0,
  burstLengthS: null,
  episodesPerHour: null,
  episodeSize: null,
  betweenWindowsSd: between,
  level: 0.1,
  windowSe: se,
  windowArrivals: 2000,
  falseAlarms: { pairs: 0, failed: 0, passed: 0, pointRuleFailed: 0 },
});

describe('can this much load decide?', () => {
  it('says when it cannot, how long windows would do, and what could be certified', () => {
    const [poor] = foresee([strict], streams(100), phases);
    expect(poor && cannotDecide(poor)).toBe(true);
    expect(poor && foresightLine(poor)).toMatch(
      /needs 14978 .*windows of 150 s would do; chance to pass .*: 0 %; smallest tolerance that could pass: 0\.15 pp/,
    );
    const [rich] = foresee([strict], streams(750), phases);
    expect(rich && cannotDecide(rich)).toBe(false);
    // Four trials are four times the arrivals.
    const [repeated] = foresee([strict], streams(190), { ...phases, trials: 4 });
    expect(repeated).toMatchObject({ planned: 15200, passChance: 1 });
  });

  it('with a noise profile it foresees a response time too', () => {
    const slo = { ...p95, tolerances: [{ type: 'seconds' as const, value: 0.05 }] };
    const row = (found: SloNoise) =>
      foresee([slo], streams(100), phases, { p95: found }).find(({ part }) => part === 'tolerance')!;
    const calm = row(noise(0.02, 0));
    expect(calm.passChance).toBeGreaterThan(0.99);
    expect(calm.smallestTolerance).toMatch(/ms$/);
    const noisy = row(noise(0.02, 0.3));
    expect(noisy.needed).toBeNull();
    expect(noisy.sentence).toContain('repeated trials would help');
    expect(row(noise(0.4, 0)).needed).toBeGreaterThan(2000);
  });
});
