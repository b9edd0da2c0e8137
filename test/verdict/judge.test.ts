import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import { combineRun } from '../../src/verdict/combine.js';
import { judge } from '../../src/verdict/judge.js';
import { SloJudgement } from '../../src/verdict/judgement.js';
import { availability, even, p95, runOf, sloOf, streamOf, type Made } from './arrivals.js';

const PHASES = { baselineS: 20, faultS: 20, recoveryS: 20 };
const chance = random(7, 'judge.test');

/** 40 ms give or take, slower by `slowerS` while the fault lasts. */
function latencies(slowerS: number, failing: (dueS: number) => boolean = () => false): Made[] {
  return even(0, 60, 250, (_, dueS) => {
    const noise = Math.exp(0.3 * (chance.next() + chance.next() + chance.next() - 1.5));
    const slow = dueS >= 20 && dueS < 40 ? slowerS : 0;
    return { responseS: 0.03 * noise + slow, outcome: failing(dueS) ? 4 : 0 };
  });
}

describe('judge', () => {
  it('passes a system that the fault does not touch', () => {
    const input = runOf([availability, p95], [streamOf(latencies(0), { rate: 250 })], PHASES);
    const { slos } = judge(input);
    expect(slos.map(({ name, verdict, reasons }) => ({ name, verdict, reasons }))).toEqual([
      { name: 'availability', verdict: 'passed', reasons: [] },
      { name: 'p95', verdict: 'passed', reasons: [] },
    ]);
    for (const slo of slos) expect(SloJudgement.parse(JSON.parse(JSON.stringify(slo)))).toEqual(slo);
    const run = combineRun({ slos, invariants: [], cleanupProven: true });
    expect(run).toMatchObject({ verdict: 'passed', exitCode: 0 });
  });

  it('fails a latency drift beyond the tolerance, and says by how much', () => {
    const { slos } = judge(runOf([p95], [streamOf(latencies(0.195), { rate: 250 })], PHASES));
    expect(slos[0]?.verdict).toBe('failed');
    const tolerance = slos[0]?.parts.find(({ part }) => part === 'tolerance');
    expect(tolerance?.verdict).toBe('failed');
    expect(tolerance?.estimate.value).toBeCloseTo(0.195, 2);
    expect(slos[0]?.sentence).toMatch(
      /^p95 rose from 3\d to 23\d ms \(\+19\d ms, 95 % sure of at least \+19\d ms; tolerance \+50 ms\)$/,
    );
    const run = combineRun({ slos, invariants: [], cleanupProven: true });
    expect(run.exitCode).toBe(1);
    expect(run.sentence).toMatch(/^p95 rose from/);
  });

  it('fails a system that breaks completely, in every indicator', () => {
    const down = (dueS: number): boolean => dueS >= 20 && dueS < 40;
    const slos = [
      availability,
      p95,
      sloOf({ name: 'errors', indicator: { type: 'error-rate' }, tolerances: [{ type: 'points', value: 0.01 }] }),
      sloOf({ name: 'goodput', indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 0.1 }] }),
      sloOf({
        name: 'under',
        indicator: { type: 'latency-under', limitS: 0.2 },
        tolerances: [{ type: 'points', value: 0.01 }],
      }),
      sloOf({
        name: 'status',
        indicator: { type: 'status', status: 200 },
        tolerances: [{ type: 'points', value: 0.6 }],
      }),
    ];
    const judged = judge(runOf(slos, [streamOf(latencies(0, down), { rate: 250 })], PHASES)).slos;
    expect(judged.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(slos.map(({ name }) => `${name} failed`));
  });

  it('fails a complete outage that begins a few seconds into the fault window', () => {
    const down = (dueS: number): boolean => dueS >= 22 && dueS < 40;
    const { slos } = judge(runOf([availability, p95], [streamOf(latencies(0, down), { rate: 250 })], PHASES));
    expect(slos.map(({ verdict }) => verdict)).toEqual(['failed', 'failed']);
  });
});
