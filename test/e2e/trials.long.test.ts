import { describe, expect, it } from 'vitest';
import { Bench } from './harness.js';

// Three minutes and a half: four times baseline, fault and recovery.
describe('repeated trials', { timeout: 400_000 }, () => {
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
});
