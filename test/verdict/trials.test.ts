import { describe, expect, it } from 'vitest';
import { random } from '../../src/support/random.js';
import type { JudgeInput } from '../../src/verdict/input.js';
import { judge } from '../../src/verdict/judge.js';
import { judgePairs, type Pair } from '../../src/verdict/trials.js';
import { even, sloOf, streamOf, windowOf } from './arrivals.js';
import { gaussian, nominal } from './noise.js';

const QUESTION = { delta: 0.05, alpha: 0.05, direction: 'worse' as const };
const WITHIN = 0.01;

/** Pairs of ln P95 in a layout such as ABBA: A is a baseline, B a fault; windows differ by `between`, with a trend. */
function pairsOf(layout: string, between: number, trend: number, drift: number, name: string) {
  const chance = random(31, name);
  return (): Pair[] => {
    const values = Array.from(layout, (letter, at) => ({
      letter,
      value: (letter === 'B' ? drift : 0) + trend * at + Math.hypot(between, WITHIN) * gaussian(chance),
    }));
    return Array.from({ length: layout.length / 2 }, (_, i) => {
      const two = values.slice(2 * i, 2 * i + 2);
      const value =
        (two.find(({ letter }) => letter === 'B')?.value ?? 0) - (two.find(({ letter }) => letter === 'A')?.value ?? 0);
      return { trial: i + 1, drift: { value, low: value - 0.02, high: value + 0.02 }, se: WITHIN * Math.SQRT2 };
    });
  };
}

function rates(runs: number, draw: () => Pair[]): { pass: number; fail: number } {
  let pass = 0;
  let fail = 0;
  for (let run = 0; run < runs; run++) {
    const result = judgePairs(draw(), QUESTION);
    if (result.pass) pass += 1 / runs;
    if (result.fail) fail += 1 / runs;
  }
  return { pass, fail };
}

describe('repeated trials', () => {
  it('the counterbalanced layout keeps its error rates under a trend, ABAB does not', () => {
    const runs = 2000;
    const abba = rates(runs, pairsOf('ABBABAAB', 0.03, 0.02, 0.05, 'abba'));
    expect(abba.pass).toBeLessThanOrEqual(nominal(runs));
    expect(abba.fail).toBeLessThanOrEqual(nominal(runs));
    const abab = rates(runs, pairsOf('ABABABAB', 0.03, 0.02, 0.05, 'abab'));
    expect(abab.fail, 'the naive layout must show its error').toBeGreaterThanOrEqual(0.12);
    const still = rates(runs, pairsOf('ABBABAAB', 0.03, 0, 0.05, 'still'));
    expect(still.fail).toBeLessThanOrEqual(nominal(runs));
    // No between-window variation: a true 0 passes, as published.
    expect(rates(runs, pairsOf('ABBABAAB', 0, 0, 0, 'calm')).pass).toBeGreaterThan(0.95);
  });

  it('names the pair that lies beyond the tolerance while the mean passes', () => {
    const pair = (trial: number, value: number): Pair => ({
      trial,
      drift: { value, low: value - 0.001, high: value + 0.001 },
      se: 0.0006,
    });
    const many = Array.from({ length: 12 }, (_, i) => pair(i + 1, i === 6 ? 0.06 : 0));
    const result = judgePairs(many, QUESTION);
    expect(result.pass).toBe(true);
    expect(result.outlier).toBe(7);
    expect(result.heterogeneity).toBeGreaterThan(0.5);
    expect(
      judgePairs(
        many.map((one) => pair(one.trial, 0.0001 * one.trial)),
        QUESTION,
      ).outlier,
    ).toBeUndefined();
  });

  /** Trials of 20 + 20 + 20 s at 250/s, errors at `share(trial)` during the faults. */
  function runOfTrials(trials: number, share: (trial: number) => number): JudgeInput {
    const slo = sloOf({
      name: 'errors',
      indicator: { type: 'error-rate' },
      tolerances: [{ type: 'points', value: 0.01 }],
      recoverWithinS: 5,
    });
    const timeline = streamOf(
      even(0, 60 * trials, 250, (i, dueS) => {
        const trial = Math.floor(dueS / 60) + 1;
        const phase = dueS % 60;
        const broken = phase >= 20 && phase < 40 && (i * 0.618034) % 1 < share(trial);
        return { outcome: broken ? 2 : 0 };
      }),
      { rate: 250 },
    );
    const piece = (from: number, to: number) => {
      const [a, b] = [from * 250, to * 250];
      return {
        ...timeline,
        dueUs: timeline.dueUs.slice(a, b),
        responseUs: timeline.responseUs.slice(a, b),
        status: timeline.status.slice(a, b),
        outcome: timeline.outcome.slice(a, b),
        request: timeline.request.slice(a, b),
      };
    };
    const each = Array.from({ length: trials }, (_, k) => k);
    return {
      slos: [slo],
      windows: each.flatMap((k) =>
        (['baseline', 'fault', 'recovery'] as const).map((kind, w) => {
          const from = 60 * k + 20 * w;
          return windowOf(kind, from, from + 20, [piece(from, from + 20)], { trial: k + 1 });
        }),
      ),
      timeline: [timeline],
      faults: each.map((k) => ({
        id: `fault ${k}`,
        duration: 'lasting',
        proof: 'confirmed',
        proofOptional: false,
        concerns: [],
        requestedUs: (60 * k + 20) * 1e6,
        provenUs: (60 * k + 20) * 1e6,
        undoProvenUs: (60 * k + 40) * 1e6,
      })),
      endUs: 60 * trials * 1e6,
      stoppedEarly: false,
    };
  }

  it('judges four trials together, each recovery on its own', () => {
    const well = judge(runOfTrials(4, () => 0)).slos[0];
    expect(well).toMatchObject({ verdict: 'passed', reasons: [] });
    expect(well?.warnings.map(({ code }) => code)).not.toContain('provisional');
    const broken = judge(runOfTrials(4, () => 0.1)).slos[0];
    expect(broken?.verdict).toBe('failed');
    expect(broken?.parts.find(({ part }) => part === 'recovery')?.verdict).toBe('passed');
  });

  it('one bad trial of four is no pass: the pairs disagree', () => {
    const mixed = judge(runOfTrials(4, (trial) => (trial === 2 ? 0.03 : 0))).slos[0];
    expect(mixed?.verdict).toBe('inconclusive');
    expect(mixed?.reasons.map(({ code }) => code)).toContain('mixed_trials');
  });

  it('carry_over: a later baseline that is worse than the first', () => {
    const input = runOfTrials(2, () => 0);
    const codes = (of: JudgeInput) => judge(of).slos[0]?.warnings.map(({ code }) => code);
    expect(codes(input)).not.toContain('carry_over');
    const windows = input.windows.map((window) => {
      if (window.kind !== 'baseline' || window.trial !== 2) return window;
      const streams = window.streams.map((stream) => ({
        ...stream,
        outcome: stream.outcome.map((_, i) => (i % 20 === 0 ? 2 : 0)),
      }));
      return { ...window, streams };
    });
    expect(codes({ ...input, windows })).toContain('carry_over');
  });

  it('a known variation between windows widens a single pair', () => {
    const input = runOfTrials(1, () => 0);
    expect(judge(input).slos[0]?.verdict).toBe('passed');
    const wide = judge({ ...input, noise: { errors: { betweenWindowsSd: 0.02 } } }).slos[0];
    expect(wide?.verdict).toBe('inconclusive');
  });
});
