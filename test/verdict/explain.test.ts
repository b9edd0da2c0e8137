import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import { explainSlo, type SloExplanation } from '../../src/verdict/explain/explain.js';
import type { Chapter } from '../../src/verdict/explain/step.js';
import { explanationText } from '../../src/verdict/explain/text.js';
import type { JudgeInput } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import type { Slo } from '../../src/verdict/slo.js';
import { even, runOf, sloOf, streamOf } from './arrivals.js';
import { calculate, recalculate } from './calculator.js';

const PHASES = { baselineS: 20, faultS: 20, recoveryS: 12 };

/** A run in which shares of the arrivals fail, and answers in the fault are slower by a factor. */
function run(
  slo: Slo,
  options: { before?: number; during?: number; slower?: number; healsAt?: number } = {},
): JudgeInput {
  const { before = 0.01, during = 0.02, slower = 1, healsAt = 40 } = options;
  const chance = random(11, slo.name);
  const made = even(0, 52, 200, (_, dueS) => {
    const hurt = dueS >= 20 && dueS < healsAt;
    const bad = chance.next() < (hurt ? during : before);
    return { outcome: bad ? 2 : 0, responseS: (0.02 + 0.03 * chance.next()) * (hurt ? slower : 1) };
  });
  return runOf([slo], [streamOf(made, { rate: 200 })], PHASES);
}

function explained(input: JudgeInput): { explanation: SloExplanation; chapters: Chapter[] } {
  const explanation = explainSlo(input, input.slos[0]!.name);
  const judged = judge(input).slos[0]!;
  expect(explanation.verdict).toBe(judged.verdict);
  expect(explanation.parts.map(({ verdict }) => verdict)).toEqual(judged.parts.map(({ verdict }) => verdict));
  const chapters = explanation.parts.flatMap((part) => part.chapters);
  const { checked, wrong } = recalculate(chapters);
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(1);
  for (const { steps, lists } of chapters) {
    for (const { symbol, means } of [...steps, ...lists.map(({ name, means }) => ({ symbol: name, means }))]) {
      expect(means, `${symbol} is explained`).not.toBe('');
    }
  }
  return { explanation, chapters };
}

const value = (chapters: Chapter[], symbol: string): number =>
  chapters.flatMap(({ steps }) => steps).find((step) => step.symbol === symbol)?.value ?? NaN;

const errors = (tolerance: Slo['tolerances'][number], more: Partial<Slo> = {}): Slo =>
  sloOf({ name: 'errors', indicator: { type: 'error-rate' }, tolerances: [tolerance], ...more });

describe('the calculator', () => {
  it('computes, and notices a wrong figure', () => {
    expect(calculate('2 + 3 * 4^2 / (1 - -1)')).toBe(26);
    expect(calculate('max(1; sqrt(2e4)) - ln(1)')).toBeCloseTo(141.42136, 5);
    expect(() => calculate('1 + x')).toThrow('unknown: x');
    const step = { symbol: 'a', means: '', formula: '', numbers: '12 / 5000', value: 0.0025 };
    expect(recalculate([{ title: 'T', words: '', lists: [], steps: [step] }]).wrong).toHaveLength(1);
    expect(recalculate([{ title: 'T', words: '', lists: [], steps: [{ ...step, value: 0.0024 }] }]).wrong).toEqual([]);
  });
});

describe('explaining a share', () => {
  it('by the score test, ending at Z', () => {
    const { chapters } = explained(run(errors({ type: 'points', value: 0.05 })));
    expect(value(chapters, 'Z + k')).toBeLessThanOrEqual(0);
    expect(chapters.map(({ title }) => title)).toContain('Score test: is the drift as large as the tolerance δ?');
    const list = chapters[0]!.lists.find(({ name }) => name === 'x_j')!;
    expect(list.values).toHaveLength(20);
    // The sums over batches are recomputed from the printed batches.
    const x = list.values.map(Number);
    const n = chapters[0]!.lists.find(({ name }) => name === 'n_j')!.values.map(Number);
    const total = (of: number[]): number => of.reduce((a, b) => a + b, 0);
    const [r, mean] = [total(x) / total(n), total(n) / 20];
    expect(value(chapters, 'S')).toBeCloseTo(total(x.map((bad, j) => ((bad - r * n[j]!) / mean) ** 2)), 8);
  });

  it('by exact intervals where errors are few, and by Newcombe above 5 %', () => {
    const few = explained(run(errors({ type: 'points', value: 0.01 }), { before: 0, during: 0 }));
    expect(value(few.chapters, 'u1')).toBeGreaterThan(0);
    expect(value(few.chapters, 'U − δ')).toBeLessThanOrEqual(0);
    const many = explained(run(errors({ type: 'points', value: 0.05 }), { before: 0.2, during: 0.5 }));
    expect(value(many.chapters, 'L − δ')).toBeGreaterThan(0);
    expect(many.explanation.verdict).toBe('failed');
  });

  it('relative, in both directions, with an objective', () => {
    explained(run(errors({ type: 'relative', value: 0.5 }), { before: 0.1, during: 0.3 }));
    explained(run(errors({ type: 'points', value: 0.02 }, { direction: 'both' })));
    const slo = errors({ type: 'points', value: 0.05 }, { objective: { op: '<=', value: 0.1, during: 'fault' } });
    const { explanation } = explained(run(slo));
    expect(explanation.parts.map(({ part }) => part)).toEqual(['objective', 'tolerance']);
    const good = sloOf({
      name: 'availability',
      indicator: { type: 'availability' },
      objective: { op: '>=', value: 0.9, during: 'all' },
    });
    explained(run(good));
  });

  it('after an early stop', () => {
    const input = { ...run(errors({ type: 'points', value: 0.05 }), { during: 0.9 }), stoppedEarly: true };
    const explanation = explainSlo(input, 'errors');
    expect(explanation.parts[0]?.chapters[0]?.title).toBe('After an early stop');
    expect(explanation.verdict).toBe(judge(input).slos[0]?.verdict);
  });
});

describe('explaining the other indicators', () => {
  const p95 = (tolerance: Slo['tolerances'][number]): Slo =>
    sloOf({
      name: 'p95',
      indicator: { type: 'latency', quantile: 0.95, population: 'all' },
      objective: { op: '<=', value: 0.25, during: 'fault' },
      tolerances: [tolerance],
    });

  it('a quantile, absolute and relative', () => {
    const { chapters } = explained(run(p95({ type: 'seconds', value: 0.05 }), { before: 0, during: 0, slower: 2 }));
    expect(value(chapters, 'r_lo')).toBeLessThan(value(chapters, 'rank'));
    expect(value(chapters, 'U − δ')).toBeLessThanOrEqual(0);
    explained(run(p95({ type: 'relative', value: 0.1 }), { before: 0, during: 0, slower: 1.5 }));
    // More failures than the quantile leaves room for: there is no upper end.
    const { explanation } = explained(run(p95({ type: 'seconds', value: 0.05 }), { before: 0, during: 0.06 }));
    expect(explanation.verdict).not.toBe('passed');
  });

  it('throughput', () => {
    const slo = sloOf({
      name: 'goodput',
      indicator: { type: 'throughput' },
      objective: { op: '>=', value: 100, during: 'fault' },
      tolerances: [{ type: 'relative', value: 0.1 }],
    });
    const { chapters } = explained(run(slo, { during: 0.3 }));
    expect(value(chapters, 'f_lo − δ_ln')).toBeGreaterThan(0);
  });

  it('recovery: the buckets are printed, and the time follows from them', () => {
    const slo = errors({ type: 'points', value: 0.05 }, { recoverWithinS: 5 });
    const { chapters } = explained(run(slo, { during: 0.9, healsAt: 43 }));
    const recovery = chapters.find(({ title }) => title === 'Recovery')!;
    const marks = recovery.lists.find(({ name }) => name === 'bucket')!.values;
    expect(marks.slice(0, 5)).toEqual(['bad', 'bad', 'bad', 'good', 'good']);
    expect(value(chapters, 'T')).toBe(3);
    expect(value(chapters, 'T − R')).toBe(-2);
    const { chapters: late } = explained(run(slo, { during: 0.9, healsAt: 60 }));
    expect(value(late, 'T − (R + 5 w)')).toBeGreaterThanOrEqual(0);
  });

  it('names the SLOs that there are when asked for another', () => {
    expect(() => explainSlo(run(errors({ type: 'points', value: 0.01 })), 'nope')).toThrow('the run has no SLO "nope"');
  });

  it('as text: every symbol with its meaning, nothing wider than a terminal', () => {
    const text = explanationText(explained(run(errors({ type: 'points', value: 0.05 }))).explanation);
    expect(text).toContain('DEFF: design effect');
    expect(text).toMatch(/Z = \(d − δ\)/);
    const prose = text.split('\n').filter((line) => line.includes(' ') && line.trim().includes(' '));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(98);
  });
});
