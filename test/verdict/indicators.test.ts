import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { indicators, measureOf, sloProblem } from '../../src/verdict/indicators/registry.js';
import { brokenObjectives, judge } from '../../src/verdict/judge.js';
import { REASON_CODES, WARNING_CODES } from '../../src/verdict/judgement.js';
import { Indicator, type Slo, type Tolerance } from '../../src/verdict/slo.js';
import { availability, even, p95, runOf, sloOf, streamOf, windowOf } from './arrivals.js';

const folder = new URL('../../src/verdict/indicators/', import.meta.url);

describe('indicators', () => {
  it('each type has a file of its name, and each file is registered', () => {
    const files = readdirSync(folder)
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((name) => !['indicator', 'registry'].includes(name));
    expect(Object.keys(indicators).sort()).toEqual(files.sort());
    expect(Indicator.options.map((option) => option.shape.type.value).sort()).toEqual(files.sort());
    for (const [type, definition] of Object.entries(indicators)) expect(definition.type).toBe(type);
  });

  it.each<[string, Partial<Slo> & Pick<Slo, 'indicator'>, RegExp | undefined]>([
    ['nothing to hold', { indicator: { type: 'availability' } }, /needs an objective/],
    [
      'relative availability',
      { indicator: { type: 'availability' }, tolerances: [{ type: 'relative', value: 0.1 }] },
      /write it like 0.1pp/,
    ],
    [
      'time for a share',
      { indicator: { type: 'error-rate' }, tolerances: [{ type: 'seconds', value: 1 }] },
      /0.1pp or 10%/,
    ],
    [
      'points for latency',
      {
        indicator: { type: 'latency', quantile: 0.5, population: 'all' },
        tolerances: [{ type: 'points', value: 0.1 }],
      },
      /5ms or 10%/,
    ],
    [
      'more than everything',
      { indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 1 }] },
      /never be exceeded/,
    ],
    [
      'the wrong way round',
      { indicator: { type: 'availability' }, objective: { op: '<=', value: 0.9, during: 'fault' } },
      /written with ">="/,
    ],
    [
      'above 100 %',
      { indicator: { type: 'availability' }, objective: { op: '>=', value: 99.9, during: 'fault' } },
      /above 100%/,
    ],
    [
      'a sound one',
      { indicator: { type: 'status', status: 503 }, objective: { op: '<=', value: 0.01, during: 'fault' } },
      undefined,
    ],
  ])('%s', (_, more, problem) => {
    const slo = sloOf(more);
    if (!problem) {
      expect(sloProblem(slo)).toBeUndefined();
      return;
    }
    expect(sloProblem(slo)).toMatch(problem);
    expect(() => judge(runOf([slo], [], { baselineS: 20, faultS: 20, recoveryS: 0 }))).toThrow(problem);
  });

  it('a wanted status is good, an unwanted one bad, and the objective has the last word', () => {
    const report = (status: number, op?: '>=' | '<='): string => {
      const measure = measureOf({ type: 'status', status }, op && { op, value: 0.5, during: 'fault' });
      return measure.kind === 'ratio' ? measure.report : measure.kind;
    };
    expect([report(200), report(302), report(404), report(503)]).toEqual(['good', 'good', 'bad', 'bad']);
    expect([report(503, '>='), report(200, '<=')]).toEqual(['good', 'bad']);
  });

  it('without a stream an SLO is about the open ones that send its request; closed ones count only where there is no other', () => {
    const slo = sloOf({ indicator: { type: 'error-rate' }, tolerances: [{ type: 'points', value: 0.1 }] });
    const failing = streamOf(
      even(0, 40, 50, () => ({ outcome: 2 })),
      { name: 'shoppers', model: 'closed' },
    );
    const well = streamOf(even(0, 40, 50), { name: 'checkouts', rate: 50, requests: ['checkout'] });
    const phases = { baselineS: 20, faultS: 20, recoveryS: 0 };
    const rate = (one: Slo, streams = [failing, well]) =>
      judge(runOf([one], streams, phases)).slos[0]?.windows.fault?.value;
    expect(rate(slo)).toBe(0);
    expect(rate({ ...slo, stream: 'shoppers' })).toBe(1);
    expect(rate({ ...slo, request: 'get' })).toBe(1);
    expect(rate(slo, [failing])).toBe(1);
  });

  it('several tolerances: any or all', () => {
    const slow = streamOf(
      even(0, 40, 250, (i, dueS) => ({ responseS: (dueS >= 20 ? 0.06 : 0.04) + (i % 7) / 1e4 })),
      { rate: 250 },
    );
    const tolerances: Tolerance[] = [
      { type: 'seconds', value: 0.05 },
      { type: 'relative', value: 0.1 },
    ];
    const verdict = (combine: 'any' | 'all') => {
      const slo = sloOf({ indicator: { type: 'latency', quantile: 0.95, population: 'all' }, tolerances, combine });
      return judge(runOf([slo], [slow], { baselineS: 20, faultS: 20, recoveryS: 0 })).slos[0]?.verdict;
    };
    expect(verdict('any')).toBe('passed');
    expect(verdict('all')).toBe('failed');
  });

  it('direction both: better by more than the tolerance fails too', () => {
    const better = streamOf(
      even(0, 40, 250, (i, dueS) => ({ outcome: dueS < 20 && i % 10 === 0 ? 2 : 0 })),
      { rate: 250 },
    );
    const verdict = (direction: 'worse' | 'both') => {
      const slo = sloOf({
        indicator: { type: 'error-rate' },
        tolerances: [{ type: 'points', value: 0.02 }],
        direction,
      });
      return judge(runOf([slo], [better], { baselineS: 20, faultS: 20, recoveryS: 0 })).slos[0]?.verdict;
    };
    expect(verdict('worse')).toBe('passed');
    expect(verdict('both')).toBe('failed');
  });

  it('an instant fault: recovery counts from the injection', () => {
    const killed = streamOf(
      even(0, 60, 250, (_, dueS) => ({ outcome: dueS >= 20 && dueS < 23.4 ? 4 : 0 })),
      { rate: 250 },
    );
    const slo = sloOf({
      indicator: { type: 'availability' },
      objective: { op: '>=', value: 0.99, during: 'fault' },
      recoverWithinS: 5,
    });
    const input = runOf([slo], [killed], { baselineS: 20, faultS: 20, recoveryS: 20 });
    const faults = input.faults.map((fault) => ({ ...fault, duration: 'instant' as const }));
    const part = judge({ ...input, faults }).slos[0]?.parts.find((one) => one.part === 'recovery');
    expect(part).toMatchObject({
      verdict: 'passed',
      estimate: { value: 4, low: 3, high: 4 },
      recovery: { impactS: 0, fromFaultS: 4, fromUndoS: null },
      sentence: 'recovered 4 s after the injection (limit 5 s)',
    });
  });

  it('a recovery phase of exactly the limit and five buckets is enough, although the last arrival is due before its end', () => {
    const down = streamOf(
      even(0, 50, 20, (_, dueS) => ({ responseS: dueS >= 20 ? 1 : 0.04 })),
      { rate: 20 },
    );
    const input = runOf([p95], [down], { baselineS: 20, faultS: 20, recoveryS: 10 }, { endUs: 49.95e6 });
    expect(judge(input).slos[0]?.parts.find(({ part }) => part === 'recovery')?.verdict).toBe('failed');
  });

  it('a bucket in which nothing arrived is a bad one', () => {
    const silent = streamOf(
      even(0, 60, 250).filter(({ dueS }) => dueS < 40 || dueS >= 48),
      { rate: 250 },
    );
    const input = runOf([p95], [silent], { baselineS: 20, faultS: 20, recoveryS: 20 });
    expect(judge(input).slos[0]?.parts.find(({ part }) => part === 'recovery')).toMatchObject({
      verdict: 'failed',
      estimate: { value: 8 },
    });
  });

  it('a look at the baseline alone finds objectives that are broken beyond doubt', () => {
    const window = (bad: number) =>
      windowOf('baseline', 0, 20, [
        streamOf(
          even(0, 20, 250, (i) => ({ outcome: i % bad === 0 ? 2 : 0 })),
          { rate: 250 },
        ),
      ]);
    expect(brokenObjectives([availability, p95], window(50)).map(({ slo }) => slo)).toEqual(['availability']);
    expect(brokenObjectives([availability, p95], window(1001))).toEqual([]);
  });

  it('every code is explained in docs/verdicts.md', () => {
    const page = readFileSync(new URL('../../docs/verdicts.md', import.meta.url), 'utf8');
    const missing = [...REASON_CODES, ...WARNING_CODES].filter((code) => !page.includes(`\`${code}\``));
    expect(missing).toEqual([]);
  });
});
