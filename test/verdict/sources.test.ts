import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import type { JudgeInput } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import { SloJudgement } from '../../src/verdict/judgement.js';
import type { Slo } from '../../src/verdict/slo.js';
import type { ProcessEnd, SourceReading } from '../../src/verdict/sources/source.js';
import { even, runOf, sloOf, streamOf } from './arrivals.js';

const PHASES = { baselineS: 20, faultS: 20, recoveryS: 2 };
const BOUNDS = [0.001, 0.01, 0.025, 0.05, 0.1];
const load = streamOf(even(0, 42, 20), { rate: 20 });

/** Judges one SLO on readings twice a second. */
function judged(slo: Slo, at: (s: number) => Body, exits: ProcessEnd[] = []) {
  const readings = Array.from({ length: 84 }, (_, i): SourceReading => ({ atUs: i * 5e5 + 1e5, ...at(i / 2) }));
  return judgeOn(slo, { sources: { s: { readings, exits } } });
}
type Body = SourceReading extends infer R ? (R extends unknown ? Omit<R, 'atUs'> : never) : never;

function judgeOn(slo: Slo, more: Partial<JudgeInput>) {
  const [found] = judge(runOf([slo], [load], PHASES, more)).slos;
  if (!found) throw new Error('not judged');
  expect(SloJudgement.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
  return { verdict: found.verdict, codes: found.reasons.map(({ code }) => code), slo: found };
}

const isFault = (s: number) => s >= 20 && s < 40;
const during = 'fault' as const;
const missing: Body = { kind: 'trouble', code: 'missing', message: 'gateway does not export gc' };

/** A histogram that grows by `perReading` observations each time, `slow(s)` of them between 50 and 100 ms. */
function pauses(perReading: number, slow: (s: number) => number, restartAtS = Infinity): (s: number) => Body {
  const counts = [0, 0, 0, 0, 0, 0];
  return (s) => {
    if (s === restartAtS) counts.fill(0);
    for (let bucket = 2; bucket < 4; bucket++) counts[bucket] = (counts[bucket] ?? 0) + perReading - slow(s);
    for (let bucket = 4; bucket < 6; bucket++) counts[bucket] = (counts[bucket] ?? 0) + perReading;
    return { kind: 'histograms', histograms: { gateway: { bounds: BOUNDS, counts: [...counts] } } };
  };
}

describe('a percentile of a histogram', () => {
  const p99 = sloOf({
    indicator: {
      type: 'prometheus',
      source: 's',
      take: 'percentile',
      quantile: 0.99,
      unit: 'seconds',
      better: 'lower',
      everyS: 1,
    },
    objective: { op: '<=', value: 0.05, during },
  });

  it('is judged at the bounds of its buckets', () => {
    const good = judged(
      p99,
      pauses(20, () => 0),
    );
    expect(good).toMatchObject({ verdict: 'passed' });
    expect(good.slo.windows.fault?.value).toBe(0.025);
    const bad = judged(
      p99,
      pauses(20, (s) => (isFault(s) ? 2 : 0)),
    );
    expect(bad.verdict).toBe('failed');
    expect(bad.slo.windows.fault?.value).toBe(0.1);
  });

  it('passes over the restart of a process, whose counters begin at zero', () => {
    const { verdict, slo } = judged(
      p99,
      pauses(20, () => 0, 27),
    );
    expect(verdict).toBe('passed');
    // Nothing is counted twice: 20 for each of the 39 steps between the 40 readings of the window.
    expect(slo.parts[0]?.n.fault).toBe(20 * 39);
  });

  it.each<[string, (s: number) => Body, string]>([
    ['a metric that is missing', () => missing, 'no_data'],
    [
      'a page that does not answer',
      () => ({ kind: 'trouble', code: 'unreachable', message: 'x' }),
      'source_unreadable',
    ],
    ['too few observations', pauses(1, () => 0), 'quantile_not_estimable'],
    ['counts that do not grow', () => pauses(0, () => 0)(0), 'no_data'],
    ['a metric that goes missing under fault', (s) => (s < 25 ? growing(s) : missing), 'no_data'],
  ])('is inconclusive for %s', (_, at, code) => {
    // The cause comes first; that there are no ranks either may follow.
    const found = judged(p99, at);
    expect([found.verdict, found.codes[0]]).toEqual(['inconclusive', code]);
  });

  it('is inconclusive where the limit lies inside a bucket, and says which', () => {
    const inside = { ...p99, objective: { op: '<=' as const, value: 0.04, during } };
    const found = judged(
      inside,
      pauses(20, () => 0),
    );
    expect(found).toMatchObject({ verdict: 'inconclusive', codes: ['tolerance_below_resolution'] });
    expect(found.slo.sentence).toMatch(/the limit 40 ms lies inside a bucket of the histogram, from 25 ms to 50 ms/);
  });

  it('is inconclusive for a run that has not recorded it', () => {
    const { verdict, codes } = judgeOn(p99, {});
    expect([verdict, codes[0]]).toEqual(['inconclusive', 'no_data']);
  });

  /** Counters at second s, without a state. */
  function growing(s: number): Body {
    const count = Math.round(40 * s);
    return {
      kind: 'histograms',
      histograms: { gateway: { bounds: BOUNDS, counts: [0, 0, count, count, count, count] } },
    };
  }
});

describe('the mean of values', () => {
  const chance = random(3, 'sources.test');
  const gauge = (more: Partial<Slo>, unit: 'number' | 'seconds' = 'number') =>
    sloOf({
      indicator: { type: 'prometheus', source: 's', take: 'value', quantile: 0.5, unit, better: 'lower', everyS: 1 },
      ...more,
    });
  const limit = gauge({ objective: { op: '<=', value: 12, during } });
  const around = (value: number): Body => ({ kind: 'value', value: value + chance.next() - 0.5 });

  it('is held against a limit', () => {
    const passed = judged(limit, () => around(10));
    expect(passed.verdict).toBe('passed');
    expect(passed.slo.sentence).toMatch(
      /^prometheus was (10|9\.\d+)\.?\d* \(95 % sure of at most 10\.\d+; objective <= 12\)$/,
    );
    expect(judged(limit, (s) => around(isFault(s) ? 14 : 10)).verdict).toBe('failed');
    // So near the limit that the noise decides: neither.
    expect(judged(limit, () => around(12)).verdict).toBe('inconclusive');
  });

  it('is compared with the baseline', () => {
    const tolerance = gauge({ tolerances: [{ type: 'relative', value: 0.2 }] });
    expect(judged(tolerance, () => around(10)).verdict).toBe('passed');
    const failed = judged(tolerance, (s) => around(isFault(s) ? 14 : 10));
    expect(failed.verdict).toBe('failed');
    expect(failed.slo.sentence).toMatch(/rose from (9\.\d+|10\.\d+) to 1[34]\.\d+ \(\+[34]\d\.?\d* %/);
  });

  it.each<[string, (s: number) => Body, string]>([
    ['NaN', () => ({ kind: 'trouble', code: 'not_a_number', message: 'x' }), 'not_a_number'],
    ['a stale series', () => ({ kind: 'trouble', code: 'stale', message: 'x' }), 'stale_data'],
    ['several series', () => ({ kind: 'trouble', code: 'several', message: 'x' }), 'source_unreadable'],
    [
      'a server that goes away',
      (s) => (s < 30 ? { kind: 'value', value: 3 } : { kind: 'trouble', code: 'unreachable', message: 'x' }),
      'source_unreadable',
    ],
  ])('is inconclusive for %s', (_, at, code) => {
    expect(judged(limit, at)).toMatchObject({ verdict: 'inconclusive', codes: [code] });
  });

  it('needs twenty values a window, however often they are read', () => {
    const slow = gauge({ objective: { op: '<=', value: 12, during } });
    if (slow.indicator.type === 'prometheus') slow.indicator.everyS = 15;
    expect(judged(slow, () => around(10))).toMatchObject({ verdict: 'inconclusive', codes: ['window_too_short'] });
  });
});

describe('a counter per second', () => {
  const rate = sloOf({
    indicator: {
      type: 'prometheus',
      source: 's',
      take: 'rate',
      quantile: 0.5,
      unit: 'per_second',
      better: 'lower',
      everyS: 1,
    },
    objective: { op: '<=', value: 0.1, during },
  });
  const counter =
    (at: (s: number) => number) =>
    (s: number): Body => ({ kind: 'counters', counters: { errors: at(s) } });

  it('of no event in twenty seconds does not prove that they are rare', () => {
    // 0 in 20 s bounds the rate below about 3 / 20 s.
    expect(
      judged(
        rate,
        counter(() => 7),
      ),
    ).toMatchObject({ verdict: 'inconclusive', codes: ['underpowered'] });
    const wider = { ...rate, objective: { op: '<=' as const, value: 0.25, during } };
    expect(
      judged(
        wider,
        counter(() => 7),
      ).verdict,
    ).toBe('passed');
  });

  it('fails when they come, and takes a fall for a restart', () => {
    expect(
      judged(
        rate,
        counter((s) => (isFault(s) ? 2 * s : 0)),
      ).verdict,
    ).toBe('failed');
    const restarted = judged(
      rate,
      counter((s) => 4 * (s < 30 ? s : s - 30)),
    );
    expect(restarted.slo.windows.fault?.value).toBeCloseTo(4, 0);
  });

  it('passes too much in at most 5 % of cases, at a rate that is exactly the limit', () => {
    const draw = random(11, 'poisson');
    let passed = 0;
    const RUNS = 400;
    for (let run = 0; run < RUNS; run++) {
      let events = 0;
      const { verdict } = judged(
        rate,
        counter(() => (events += draw.next() < 0.05 ? 1 : 0)), // 0.1 a second
      );
      if (verdict === 'passed') passed++;
    }
    expect(passed / RUNS).toBeLessThanOrEqual(0.05 + 3 * Math.sqrt((0.05 * 0.95) / RUNS));
  });
});

describe('lines of a log', () => {
  const share = sloOf({
    indicator: { type: 'log', source: 's', take: 'share', better: 'higher' },
    objective: { op: '>=', value: 0.99, during },
  });
  const lines = (matching: (s: number) => number) => {
    let matched = 0;
    let of = 0;
    return (s: number): Body => ({ kind: 'lines', matched: (matched += matching(s)), of: (of += 20) });
  };

  it('are judged as a share', () => {
    const passed = judged(
      share,
      lines(() => 20),
    );
    expect(passed).toMatchObject({ verdict: 'passed' });
    expect(passed.slo.sentence).toMatch(/was 100 %/);
    expect(
      judged(
        share,
        lines((s) => (isFault(s) ? 18 : 20)),
      ).verdict,
    ).toBe('failed');
  });

  it('are bad where the objective is a ceiling', () => {
    const ceiling = { ...share, objective: { op: '<=' as const, value: 0.01, during } };
    expect(
      judged(
        ceiling,
        lines(() => 0),
      ).verdict,
    ).toBe('passed');
    expect(
      judged(
        ceiling,
        lines((s) => (isFault(s) ? 2 : 0)),
      ).verdict,
    ).toBe('failed');
  });

  it('that only the fault brings need not have come before', () => {
    const floor = sloOf({
      indicator: { type: 'log', source: 's', take: 'rate', better: 'higher' },
      objective: { op: '>=', value: 10, during },
    });
    const each = (perReading: (s: number) => number) => {
      let matched = 0;
      return (s: number): Body => ({ kind: 'lines', matched: (matched += perReading(s)), of: matched });
    };
    expect(
      judged(
        floor,
        each((s) => (isFault(s) ? 12 : 0)),
      ).verdict,
    ).toBe('passed');
    expect(
      judged(
        floor,
        each(() => 0),
      ).verdict,
    ).toBe('failed');
  });

  it('that are none are inconclusive', () => {
    expect(judged(share, () => ({ kind: 'lines', matched: 0, of: 0 }))).toMatchObject({
      verdict: 'inconclusive',
      codes: ['no_data'],
    });
  });
});

describe('an exit', () => {
  const exit = (code: number | 'any' = 0) =>
    sloOf({ indicator: { type: 'exit', source: 's', code }, objective: { op: '<=', value: 10, during } });
  const end: ProcessEnd = { atUs: 25e6, afterS: 2.5, killed: false, exitCode: 0, signal: null };
  const nothing = (): Body => missing;

  it.each<[string, Partial<ProcessEnd>, 'passed' | 'failed' | 'inconclusive', number | 'any']>([
    ['in time and with code 0', {}, 'passed', 0],
    ['with another code', { exitCode: 1 }, 'failed', 0],
    ['with the code that was agreed', { exitCode: 3 }, 'passed', 3],
    ['by the signal itself', { exitCode: null, signal: 'SIGTERM' }, 'failed', 0],
    ['too late', { afterS: 10.5 }, 'failed', 0],
    ['by being killed', { killed: true, afterS: 10 }, 'failed', 'any'],
    ['in time, with a code that nobody knows', { exitCode: null }, 'inconclusive', 0],
    ['in time, with a code that does not matter', { exitCode: null }, 'passed', 'any'],
  ])('%s', (_, more, verdict, code) => {
    expect(judged(exit(code), nothing, [{ ...end, ...more }]).verdict).toBe(verdict);
  });

  it('of several is as good as the worst of them', () => {
    const { verdict, slo } = judged(exit(), nothing, [end, { ...end, exitCode: 1 }, end]);
    expect(verdict).toBe('failed');
    expect(slo.sentence).toBe('exit ended with code 1 after 2.5 s, 1 of 3 badly (agreed: code 0 within 10 s)');
  });

  it('that nobody saw is inconclusive', () => {
    expect(judged(exit(), nothing)).toMatchObject({ verdict: 'inconclusive', codes: ['no_data'] });
  });
});
