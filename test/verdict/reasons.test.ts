import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import type { JudgeInput, JudgeWindow } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import type { PartJudgement, SloJudgement } from '../../src/verdict/judgement.js';
import type { Slo } from '../../src/verdict/slo.js';
import { availability, even, p95, runOf, sloOf, streamOf, type Made, type StreamOptions } from './arrivals.js';

const PHASES = { baselineS: 20, faultS: 20, recoveryS: 20 };
const inFault = (dueS: number): boolean => dueS >= 20 && dueS < 40;
type Describe = (i: number, dueS: number) => Omit<Made, 'dueS'>;

function calm(): Describe {
  const chance = random(11, 'reasons');
  return () => ({ responseS: 0.03 + 0.02 * chance.next() });
}

/** A run at 250/s in which `describe` says what becomes of each arrival. */
function run(slo: Slo, describeArrival: Describe = calm(), more: Partial<JudgeInput> = {}, stream: StreamOptions = {}) {
  const seconds = PHASES.baselineS + PHASES.faultS + PHASES.recoveryS;
  return runOf([slo], [streamOf(even(0, seconds, 250, describeArrival), { rate: 250, ...stream })], PHASES, more);
}

function only(input: JudgeInput): SloJudgement {
  const [slo] = judge(input).slos;
  if (!slo) throw new Error('one SLO expected');
  return slo;
}

function part(input: JudgeInput, name: PartJudgement['part']): PartJudgement {
  const found = only(input).parts.find((one) => one.part === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
}

const codes = (of: { reasons: { code: string }[] }): string[] => [...new Set(of.reasons.map(({ code }) => code))];
const warnings = (of: { warnings: { code: string }[] }): string[] => of.warnings.map(({ code }) => code);

function withWindow(input: JudgeInput, kind: JudgeWindow['kind'], change: Partial<JudgeWindow>): JudgeInput {
  return {
    ...input,
    windows: input.windows.map((window) => (window.kind === kind ? { ...window, ...change } : window)),
  };
}
function withFault(input: JudgeInput, change: Partial<JudgeInput['faults'][number]>): JudgeInput {
  return { ...input, faults: input.faults.map((fault) => ({ ...fault, ...change })) };
}

const tolerant = sloOf({
  name: 'errors',
  indicator: { type: 'error-rate' },
  tolerances: [{ type: 'points', value: 0.01 }],
});
const harmed: Describe = (i, dueS) => ({ outcome: inFault(dueS) && i % 4 === 0 ? 2 : 0 });

describe('reasons that force inconclusive', () => {
  it('a healthy run has none of them', () => {
    for (const slo of [availability, p95, tolerant]) {
      expect(only(run(slo))).toMatchObject({ verdict: 'passed', reasons: [] });
    }
    expect(only(run(tolerant, harmed))).toMatchObject({ verdict: 'failed', reasons: [] });
  });

  it('no_data: a missing window, an empty one, a request that nobody sent', () => {
    const input = run(availability);
    const missing = { ...input, windows: input.windows.filter(({ kind }) => kind !== 'fault') };
    expect(codes(only(missing))).toContain('no_data');
    const empty = withWindow(input, 'fault', { streams: [streamOf([], { rate: 250 })] });
    expect(only(empty)).toMatchObject({ verdict: 'inconclusive' });
    expect(codes(only(empty))).toContain('no_data');
    expect(codes(only(run({ ...p95, request: 'checkout' })))).toContain('no_data');
  });

  it('a run that was killed in its baseline says so first, and gives no advice about canaries', () => {
    const input = run(availability);
    const killed: JudgeInput = {
      ...withFault(input, { requestedUs: undefined, provenUs: undefined, undoProvenUs: undefined, proof: 'missing' }),
      windows: input.windows.filter(({ kind }) => kind === 'baseline'),
      stoppedEarly: true,
    };
    const { reasons } = only(killed);
    expect(reasons[0]?.code).toBe('stopped_early');
    expect(reasons.find(({ code }) => code === 'fault_unconfirmed')?.message).toBe('fault slow was never injected');
    expect(JSON.stringify(reasons)).not.toContain('canary');
    // One that was ordered and not proven still gets it.
    const ordered = only(withFault(input, { proof: 'unknown' }));
    expect(JSON.stringify(ordered.reasons)).toContain('canary');
  });

  it('underpowered: 14,900 arrivals without an error do not prove 0.02 pp, 15,000 do', () => {
    const strict = sloOf({ indicator: { type: 'availability' }, tolerances: [{ type: 'points', value: 0.0002 }] });
    const phases = { baselineS: 20, faultS: 20, recoveryS: 0 };
    const at = (n: number) => only(runOf([strict], [streamOf(even(0, 40, n / 20), { rate: n / 20 })], phases));
    expect(at(14_900).verdict).toBe('inconclusive');
    expect(codes(at(14_900))).toEqual(['underpowered']);
    expect(at(14_900).reasons[0]?.required).toBe('about 14978');
    expect(at(15_000).verdict).toBe('passed');
  });

  it('window_too_short: 19 s are 19 batches', () => {
    const at = (faultS: number) => {
      const stream = streamOf(even(0, 20 + faultS, 250, calm()), { rate: 250 });
      return only(runOf([availability], [stream], { baselineS: 20, faultS, recoveryS: 0 }));
    };
    expect(codes(at(19))).toEqual(['window_too_short']);
    expect(at(19.97).verdict).toBe('passed');
    const noisy = { ...run(tolerant), noise: { errors: { burstLengthS: 2 } } };
    expect(codes(only(noisy))).toEqual(['window_too_short']);
  });

  it('autocorrelated: slow waves in both windows take a pass away, waves of the fault alone do not take a failure', () => {
    const chance = random(3, 'waves');
    const wave: Describe = (_, dueS) => ({ responseS: 0.04 + 0.004 * Math.sin(dueS / 3) + 0.04 * chance.next() });
    const slo = sloOf({
      indicator: { type: 'latency', quantile: 0.5, population: 'all' },
      tolerances: [{ type: 'seconds', value: 0.5 }],
    });
    expect(codes(only(run(slo, wave)))).toEqual(['autocorrelated']);
    const queue: Describe = (_, dueS) => ({
      responseS: 0.04 + (inFault(dueS) ? (dueS - 19) / 5 : 0) + 0.002 * chance.next(),
    });
    const strict: Slo = { ...slo, tolerances: [{ type: 'seconds', value: 0.05 }] };
    expect(only(run(strict, queue)).verdict).toBe('failed');
  });

  it('few_episodes: one burst is too little to learn from for a pass, never for an objective broken outright', () => {
    // 20 bad in one second of each window: design effect far above 5, one episode.
    const burst: Describe = (i, dueS) => ({ outcome: dueS % 20 >= 5 && dueS % 20 < 6 && i % 12 === 0 ? 2 : 0 });
    const wide: Slo = { ...tolerant, tolerances: [{ type: 'points', value: 0.9 }] };
    expect(codes(only(run(wide, burst)))).toEqual(['few_episodes']);
    expect(only({ ...run(wide, burst), noise: { errors: { deffFloor: 1 } } }).verdict).toBe('passed');
    const outage: Describe = (_, dueS) => ({ outcome: dueS >= 25 && dueS < 35 ? 4 : 0 });
    expect(part(run(availability, outage), 'objective').verdict).toBe('failed');
  });

  it('load_mismatch: planned rates more than 5 % apart, in the open model only', () => {
    const input = run(tolerant);
    const at = (rate: number, model: 'open' | 'closed') =>
      withWindow(input, 'fault', {
        streams: (input.windows[1]?.streams ?? []).map((stream) => ({ ...stream, model, plannedRatePerSecond: rate })),
      });
    expect(codes(only(at(200, 'open')))).toEqual(['load_mismatch']);
    expect(only(at(245, 'open')).verdict).toBe('passed');
    expect(only(at(200, 'closed')).verdict).toBe('passed');
  });

  it('baseline_unhealthy: it breaks the objective, drifts by itself, or dropped arrivals', () => {
    const sick: Describe = (i) => ({ outcome: i % 50 === 0 ? 2 : 0 });
    expect(codes(only(run(availability, sick)))).toContain('baseline_unhealthy');
    expect(only(run(availability, sick)).verdict).toBe('inconclusive');
    const drifting: Describe = (i, dueS) => ({ outcome: dueS >= 10 && i % 20 === 0 ? 2 : 0 });
    expect(codes(only(run(tolerant, drifting)))).toContain('baseline_unhealthy');
    const dropped = withWindow(run(tolerant), 'baseline', { dropped: { main: 3 } });
    expect(codes(only(dropped))).toEqual(['baseline_unhealthy']);
    const elsewhere = withWindow(run(tolerant), 'baseline', { dropped: { other: 3 } });
    expect(only(elsewhere).verdict).toBe('passed');
    // Dropped while the system is stalled is the harm itself.
    expect(only(withWindow(run(tolerant), 'fault', { dropped: { main: 3 } })).verdict).toBe('passed');
  });

  it('fault_unconfirmed: takes a pass away, never a failure, and not where the proof is optional', () => {
    for (const proof of ['unknown', 'missing', 'mismatch'] as const) {
      expect(codes(only(withFault(run(tolerant), { proof })))).toEqual(['fault_unconfirmed']);
      expect(only(withFault(run(tolerant, harmed), { proof })).verdict).toBe('failed');
    }
    expect(only(withFault(run(tolerant), { proof: 'unknown', proofOptional: true })).verdict).toBe('passed');
  });

  it('link_traffic_unverified: takes a pass away, never a failure', () => {
    const concerns: JudgeInput['faults'][number]['concerns'] = ['link_traffic_unverified'];
    expect(codes(only(withFault(run(tolerant), { concerns })))).toEqual(['link_traffic_unverified']);
    expect(only(withFault(run(tolerant, harmed), { concerns })).verdict).toBe('failed');
    // A fault that nobody met tested nothing, however optional its proof.
    expect(only(withFault(run(tolerant), { concerns, proofOptional: true })).verdict).toBe('inconclusive');
  });

  it('generator_saturated: a gate broke, or scheduling lag; neither passed nor failed', () => {
    const bad = { open: ['event-loop delay p99 25 ms'], closed: [] };
    for (const input of [run(tolerant), run(tolerant, harmed)]) {
      const judged = only(withWindow(input, 'fault', { driverInvalid: bad }));
      expect(judged.verdict).toBe('inconclusive');
      expect(codes(judged)).toEqual(['generator_saturated']);
    }
    const late = { open: 11, closed: 0 };
    expect(codes(only(withWindow(run(tolerant), 'fault', { schedulingLagP99Ms: late })))).toEqual([
      'generator_saturated',
    ]);
    // 10 % of a tolerance of 50 ms is 5 ms.
    const at = (open: number) => withWindow(run(p95), 'fault', { schedulingLagP99Ms: { open, closed: 0 } });
    expect(codes(only(at(7)))).toEqual(['generator_saturated']);
    expect(only(at(5)).verdict).toBe('passed');
    expect(only(withWindow(run(tolerant), 'fault', { driverInvalid: { open: [], closed: ['late'] } })).verdict).toBe(
      'passed',
    );
  });

  it('generator_saturated in the recovery window: a starved driver is not a system that does not recover', () => {
    const bad = { open: ['event-loop delay p99 25 ms'], closed: [] };
    const slo = sloOf({ ...tolerant, recoverWithinS: 5 });
    const neverWell: Describe = (i, dueS) => ({ outcome: dueS >= 20 && i % 4 === 0 ? 2 : 0 });
    expect(part(run(slo, neverWell), 'recovery').verdict).toBe('failed');
    for (const describeArrival of [neverWell, calm()]) {
      const judged = part(withWindow(run(slo, describeArrival), 'recovery', { driverInvalid: bad }), 'recovery');
      expect(judged.verdict).toBe('inconclusive');
      expect(codes(judged)).toEqual(['generator_saturated']);
    }
    // After an instant fault the clock runs through the fault window, and so the driver must be well there too.
    const instant = withFault(withWindow(run(slo, calm()), 'fault', { driverInvalid: bad }), { duration: 'instant' });
    expect(codes(part(instant, 'recovery'))).toEqual(['generator_saturated']);
    expect(codes(part(withFault(instant, { duration: 'lasting' }), 'recovery'))).toEqual([]);
  });

  it('quantile_not_estimable: 80 arrivals have no interval for P95, 400 do', () => {
    const at = (rate: number) => {
      const stream = streamOf(even(0, 40, rate, calm()), { rate });
      const slo = sloOf({
        indicator: { type: 'latency', quantile: 0.95, population: 'all' },
        tolerances: [{ type: 'seconds', value: 0.05 }],
      });
      return only(runOf([slo], [stream], { baselineS: 20, faultS: 20, recoveryS: 0 }));
    };
    expect(codes(at(4))).toEqual(['quantile_not_estimable']);
    expect(at(20).verdict).toBe('passed');
  });

  it('no_events: a relative tolerance and no error at all', () => {
    const slo = sloOf({ indicator: { type: 'error-rate' }, tolerances: [{ type: 'relative', value: 0.5 }] });
    expect(codes(only(run(slo)))).toEqual(['no_events']);
    const some: Describe = (i, dueS) => ({ outcome: i % (inFault(dueS) ? 20 : 200) === 0 ? 2 : 0 });
    expect(only(run(slo, some)).verdict).toBe('failed');
  });

  it('stopped_early: only the confidence sequence may decide, and it decides an outage', () => {
    const cutShort = (describeArrival: Describe, slo: Slo): SloJudgement => {
      const stream = streamOf(even(0, 26, 250, describeArrival), { rate: 250 });
      const input = runOf([slo], [stream], { baselineS: 20, faultS: 6, recoveryS: 0 }, { stoppedEarly: true });
      return only(input);
    };
    const down: Describe = (_, dueS) => ({ outcome: dueS >= 22 ? 4 : 0 });
    expect(cutShort(down, availability).verdict).toBe('failed');
    expect(cutShort(down, tolerant).verdict).toBe('failed');
    const slow: Describe = (_, dueS) => ({ responseS: dueS >= 20 ? 0.9 : 0.03 });
    expect(codes(cutShort(slow, p95))).toContain('stopped_early');
    expect(cutShort(slow, p95).verdict).toBe('inconclusive');
    expect(codes(cutShort(calm(), availability))).toEqual(['stopped_early']);
    expect(
      codes(
        cutShort(calm(), sloOf({ indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 0.1 }] })),
      ),
    ).toContain('stopped_early');
  });

  it('multiplicity: a narrow failure among many critical parts is doubtful, a clear one is not', () => {
    const borderline: Describe = (i, dueS) => ({ outcome: inFault(dueS) && i % 85 === 0 ? 2 : 0 });
    const many = (describeArrival: Describe, count: number) => {
      const slos = Array.from({ length: count }, (_, k) => ({ ...tolerant, name: `errors ${k}` }));
      const healthy = Array.from({ length: count > 1 ? 19 : 0 }, (_, k) => ({ ...p95, name: `p95 ${k}` }));
      const input = { ...run(tolerant, describeArrival), slos: [...slos.slice(0, 1), ...healthy] };
      return judge(input).slos[0];
    };
    // Find a drift that fails alone, but not among forty parts.
    const narrow = [84, 82, 80, 78, 76, 74, 72, 70]
      .map((step): Describe => (i, dueS) => ({ outcome: inFault(dueS) && i % step === 0 ? 2 : 0 }))
      .find((one) => many(one, 1)?.verdict === 'failed');
    expect(many(borderline, 1)?.verdict).toBe('inconclusive');
    expect(narrow).toBeDefined();
    if (!narrow) return;
    expect(codes(many(narrow, 20) ?? { reasons: [] })).toEqual(['multiplicity']);
    expect(many(harmed, 20)?.verdict).toBe('failed');
  });

  it('undo_unproven: no start for the clock of a lasting fault', () => {
    const input = withFault(run(p95), { undoProvenUs: undefined });
    expect(part(input, 'recovery')).toMatchObject({ verdict: 'inconclusive' });
    expect(codes(part(input, 'recovery'))).toEqual(['undo_unproven']);
    expect(part(run(p95), 'recovery').verdict).toBe('passed');
    const kill = withFault(run(p95), { duration: 'instant', undoProvenUs: undefined });
    expect(part(kill, 'recovery').verdict).toBe('passed');
  });
});

describe('warnings', () => {
  it('improved_under_fault', () => {
    const better: Describe = (i, dueS) => ({ responseS: inFault(dueS) ? 0.01 : 0.04, outcome: 0 });
    expect(warnings(only(run(p95, better)))).toContain('improved_under_fault');
    expect(warnings(only(run(p95)))).not.toContain('improved_under_fault');
  });

  it('tolerance_looser_than_slo', () => {
    expect(warnings(only(run({ ...availability, tolerances: [{ type: 'points', value: 0.002 }] })))).toContain(
      'tolerance_looser_than_slo',
    );
    expect(warnings(only(run(availability)))).not.toContain('tolerance_looser_than_slo');
  });

  it('provisional, until the variation between windows is known', () => {
    expect(warnings(only(run(tolerant)))).toContain('provisional');
    expect(warnings(only({ ...run(tolerant), noise: { errors: { betweenWindowsSd: 0.001 } } }))).not.toContain(
      'provisional',
    );
  });

  it('survivor_bias', () => {
    const ok = sloOf({
      indicator: { type: 'latency', quantile: 0.95, population: 'ok' },
      tolerances: [{ type: 'seconds', value: 0.05 }],
    });
    expect(warnings(only(run(ok, harmed)))).toContain('survivor_bias');
    expect(warnings(only(run(ok)))).not.toContain('survivor_bias');
  });

  it('closed_model: throughput decides nothing there', () => {
    const slo = sloOf({ indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 0.1 }] });
    const closed = only(run(slo, calm(), {}, { model: 'closed' }));
    expect(warnings(closed)).toContain('closed_model');
    expect(closed.severity).toBe('warning');
    const open = only(run(slo));
    expect(warnings(open)).not.toContain('closed_model');
    expect(open.severity).toBe('critical');
  });

  it('recovered_then_relapsed: the time counts to the end of the last relapse', () => {
    const relapsing: Describe = (_, dueS) => ({ responseS: inFault(dueS) || (dueS >= 48 && dueS < 52) ? 0.9 : 0.03 });
    const recovery = part(run(p95, relapsing), 'recovery');
    expect(warnings(recovery)).toEqual(['recovered_then_relapsed']);
    expect(recovery.estimate.value).toBe(12);
    expect(recovery.verdict).toBe('failed');
    expect(warnings(part(run(p95), 'recovery'))).toEqual([]);
  });

  it('recovery_methods_differ: the other method sees no end yet', () => {
    // After the undo 8 % of the answers stay slow: under the 10 % a bucket may have, but far from well. Then all is well.
    const lingering: Describe = (i, dueS) => ({
      responseS: inFault(dueS) || (dueS >= 40 && dueS < 54 && i % 11 === 0) ? 0.9 : 0.03,
    });
    const recovery = part(run(p95, lingering), 'recovery');
    expect([...warnings(recovery), ...codes(recovery)]).toContain('recovery_methods_differ');
    expect(warnings(part(run(p95), 'recovery'))).toEqual([]);
  });
});
