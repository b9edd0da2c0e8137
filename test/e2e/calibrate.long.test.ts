import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NoiseProfileFile } from '../../src/verdict/noise-profile.js';
import { Bench } from './harness.js';

// Eight minutes: twenty windows of 20 s, each pair with its warm-up.
describe('plimsoll calibrate', { timeout: 900_000 }, () => {
  it('runs ten pairs of windows with nothing broken, and false alarms are as rare as promised', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({
      rate: '50/s',
      path: '/alone',
      faults: '- { type: latency, link: front-back, latency: 60ms }',
      slos: `- { name: up, indicator: availability, tolerance: 1pp }
  - { name: p95, indicator: latency p95, tolerance: 10ms }
  - { name: goodput, indicator: throughput, tolerance: 10% }`,
    });
    const run = bench.plimsoll('calibrate', file);
    expect(await run.ended, run.stderr).toBe(0);
    console.log(run.stdout);
    const profile = NoiseProfileFile.parse(JSON.parse(readFileSync(join(bench.folder, 'bench.noise.json'), 'utf8')));
    expect(profile.windows).toBe(20);
    expect(Object.keys(profile.slos)).toEqual(['up', 'p95', 'goodput']);
    for (const [name, { falseAlarms }] of Object.entries(profile.slos)) {
      expect(falseAlarms.pairs, name).toBe(200);
      // 5 % are meant at the tolerance; with nothing broken there is far more room than that.
      expect(falseAlarms.failed / falseAlarms.pairs, name).toBeLessThanOrEqual(0.05);
    }
    expect(run.stdout).toMatch(/p95: design effect [\d.]+, .*false alarms [\d.]+ % of 200 pairs/);
    // Nothing was broken, and the next run finds the profile and reckons with it.
    expect(run.events().some(({ type }) => type === 'fault.requested')).toBe(false);
    const plan = bench.plimsoll('plan', file);
    await plan.ended;
    expect(plan.stdout).toMatch(/noise/);
  });
});
