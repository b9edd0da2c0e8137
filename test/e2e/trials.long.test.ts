import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bench } from './harness.js';

// Three minutes and a half: four times baseline, fault and recovery; again where the machine was too busy for a verdict.
describe('repeated trials', { timeout: 400_000, retry: 2 }, () => {
  it('run in the order ABBA BAAB, each fault proven and proven gone, with a look on the way', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({
      rate: '20/s',
      faults: '- { type: latency, link: front-back, latency: 60ms }',
      slos: `- { name: home up, indicator: availability, objective: '>= 90%' }
  - { name: home p95, indicator: latency p95, tolerance: 500ms }`,
      extra: 'trials: 4\ndecideEarly: true',
    });
    const run = bench.plimsoll('run', file);
    await run.ended;
    const events = run.events();
    const windows = events.flatMap((event) =>
      event.type === 'window.opened' ? [`${event.window[0]}${event.trial}`] : [],
    );
    const planned = ['b1', 'f1', 'r1', 'f2', 'r2', 'b2', 'f3', 'r3', 'b3', 'b4', 'f4', 'r4'];
    const looks = events.flatMap((event) => (event.type === 'look.taken' ? [event] : []));
    expect(looks.map(({ look, of, trials }) => [look, of, trials])).toEqual([[1, 2, 2]]);
    const trials = looks[0]?.decided ? 2 : 4;
    expect(windows).toEqual(planned.slice(0, 3 * trials));
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    expect(count('fault.proven')).toBe(trials);
    expect(count('undo.proven')).toBe(trials);
    expect(run.result).toMatchObject({ cleanup: { proven: true } });
    expect(run.result.windows).toHaveLength(3 * trials);
    const part = run.result.slos[1]?.parts.find((one) => one.part === 'tolerance');
    expect(part?.trials?.drifts).toHaveLength(trials);
    if (looks[0]?.decided) expect(run.result.warnings.map(({ code }) => code)).toContain('decided_early');
  });

  it('end at the first look that is certain, and say in the terminal and in the report how much time that saved', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({
      rate: '20/s',
      faults: '- { type: latency, link: front-back, latency: 400ms }',
      // A share: it drifts by nearly all of itself in each trial, on a busy machine too, and two trials must be enough.
      slos: `- { name: in time, indicator: latency under 300ms, tolerance: 20pp }`,
      extra: 'trials: 4\ndecideEarly: true',
    });
    const run = bench.plimsoll('run', file);
    const began = performance.now();
    expect(await run.ended, run.stdout + run.stderr).toBe(1);
    // Four trials of 47.5 s were planned; two are left out.
    expect((performance.now() - began) / 1000).toBeLessThan(4 * 47.5 - 60);
    expect(run.result.looks).toEqual([
      { look: 1, of: 2, trials: 2, plannedTrials: 4, decided: true, savedS: expect.closeTo(95, 0) },
    ]);
    expect(run.result).toMatchObject({ verdict: 'failed', cleanup: { proven: true } });
    expect(run.stdout).toMatch(/decided early, after 2 of 4 trials: about 1m 35s saved/);
    expect(run.stdout).toMatch(/2 trials: −[\d.]+ pp, −[\d.]+ pp; mean −[\d.]+ pp/);
    const report = readFileSync(join(run.directory, 'report.html'), 'utf8');
    expect(report).toMatch(/Repeated trials[\s\S]*after 2 of 4 trials: about 1m.35s saved/);
    expect(report).toMatch(/baseline, fault[\s\S]*fault, baseline[\s\S]*A single fault to come/);
  });
});
