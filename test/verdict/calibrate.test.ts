import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import { falseAlarmText, noiseOf, profileOf } from '../../src/verdict/calibrate.js';
import type { JudgeWindow } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import type { Slo } from '../../src/verdict/slo.js';
import { even, runOf, sloOf, streamOf, windowOf } from './arrivals.js';
import { gaussian } from './noise.js';

const errors = sloOf({
  name: 'errors',
  indicator: { type: 'error-rate' },
  tolerances: [{ type: 'points', value: 0.02 }],
});
const p95 = sloOf({
  name: 'p95',
  indicator: { type: 'latency', quantile: 0.95, population: 'all' },
  tolerances: [{ type: 'relative', value: 0.1 }],
});

/** Windows of 20 s at 50/s; in a burst half of the arrivals fail; `spread` is the sd of ln latency between windows. */
function windows(count: number, options: { bursts?: number; errors?: number; spread?: number } = {}): JudgeWindow[] {
  const chance = random(3, `calibrate ${JSON.stringify(options)}`);
  return Array.from({ length: count }, (_, w) => {
    const level = 0.04 * Math.exp((options.spread ?? 0) * gaussian(chance));
    const burst = options.bursts !== undefined && chance.next() < options.bursts ? Math.floor(chance.next() * 18) : -10;
    const made = even(0, 20, 50, (_i, dueS) => {
      const inBurst = dueS >= burst && dueS < burst + 2;
      const bad = chance.next() < (inBurst ? 0.5 : (options.errors ?? 0));
      return { outcome: bad ? 2 : 0, responseS: level * Math.exp(0.2 * gaussian(chance)) };
    });
    return windowOf(w % 2 === 0 ? 'baseline' : 'fault', 0, 20, [streamOf(made, { rate: 50 })], { trial: w + 1 });
  });
}

const calibrated = (made: JudgeWindow[], slo: Slo) => noiseOf(made, slo, random(1, 'pairs'));

describe('the noise of a system', () => {
  it('errors one by one have a design effect near 1 and no burst length; bursts show in both', () => {
    const calm = calibrated(windows(20, { errors: 0.02 }), errors);
    expect(calm.designEffect).toBeLessThan(1.5);
    expect(calm.burstLengthS).toBeNull();
    expect(calm.level).toBeCloseTo(0.02, 2);
    const bursty = calibrated(windows(20, { bursts: 0.4 }), errors);
    expect(bursty.designEffect).toBeGreaterThan(10);
    expect(bursty.burstLengthS).toBeGreaterThanOrEqual(1);
    expect(bursty.episodeSize).toBeGreaterThan(20);
  });

  it('variation between windows is found beyond their own noise', () => {
    expect(calibrated(windows(20), p95).betweenWindowsSd).toBeLessThan(0.02);
    const found = calibrated(windows(20, { spread: 0.1 }), p95).betweenWindowsSd;
    expect(found).toBeGreaterThan(0.06);
    expect(found).toBeLessThan(0.15);
  });

  it('counts false alarms on resampled pairs, the same for the same seed, beside the point rule', () => {
    const made = windows(20, { spread: 0.08 });
    const first = calibrated(made, p95);
    expect(first).toEqual(calibrated(made, p95));
    const { falseAlarms } = first;
    expect(falseAlarms.pairs).toBe(200);
    // Windows that differ by themselves are what a single pair cannot see: the profile is the remedy.
    expect(falseAlarms.pointRuleFailed).toBeGreaterThan(falseAlarms.failed);
    expect(falseAlarmText(falseAlarms)).toMatch(/^false alarms \d+(\.\d+)? % of 200 pairs/);
    const calm = calibrated(windows(20), p95).falseAlarms;
    expect(calm.failed).toBeLessThanOrEqual(10);
  });

  it('a profile takes a pass away that bursts would not have earned, and the label provisional', () => {
    const quiet = runOf([errors], [streamOf(even(0, 52, 50), { rate: 50 })], {
      baselineS: 20,
      faultS: 20,
      recoveryS: 12,
    });
    const before = judge(quiet).slos[0]!;
    expect(before.verdict).toBe('passed');
    expect(before.warnings.map(({ code }) => code)).toContain('provisional');
    const noise = { errors: profileOf(calibrated(windows(20, { bursts: 0.4 }), errors)) };
    const after = judge({ ...quiet, noise }).slos[0]!;
    expect(after.verdict).toBe('inconclusive');
    expect(after.warnings.map(({ code }) => code)).not.toContain('provisional');
  });
});
