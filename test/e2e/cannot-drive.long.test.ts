import { expect, it } from 'vitest';
import { Bench } from './harness.js';

it('ends a run whose load this machine cannot produce, before anything is broken', { timeout: 120_000 }, async () => {
  await using bench = await Bench.open();
  const file = bench.scenario({ rate: '150000/s', faults: '- { type: latency, link: front-back, latency: 60ms }' });
  const run = bench.plimsoll('run', file);
  expect(await run.ended, run.stdout + run.stderr).toBe(3);
  expect(run.stdout).toMatch(/cannot drive 150000\/s; it can drive about \d+\/s/);
  expect(run.events().some(({ type }) => type === 'fault.requested')).toBe(false);
});
