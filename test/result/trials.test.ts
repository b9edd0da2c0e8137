import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArrivalColumns } from '../../src/record/arrivals.js';
import type { RunEvent } from '../../src/record/events.js';
import { openRunDirectory } from '../../src/record/run-directory.js';
import { foldRun, type FoldInput } from '../../src/result/fold.js';
import { readRecords } from '../../src/result/load-run.js';
import { decidedEarly } from '../../src/result/run-story.js';
import { trialTexts } from '../../src/result/trial-text.js';
import { generateRun, p95Slo, slo } from './generated-run.js';

/** A generated run of exactly so many seconds, to be laid end to end. */
const LENGTH_S = 54;
const RATE = 100;

let folder: string;
let once: FoldInput;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-trials-'));
  const tolerant = p95Slo({ tolerances: [{ type: 'seconds', value: 0.3 }], recoverWithinS: 5 });
  delete tolerant.objective;
  const available = slo({ tolerances: [{ type: 'points', value: 0.02 }] });
  generateRun({ folder, rate: RATE, recoveryS: 10.73, addedMs: 50, slos: [available, tolerant] });
  once = readRecords(openRunDirectory(folder));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The run's records so many times, as its trials; `planned` of them were planned. */
function trials(count: number, planned = count, looks = 1, more: RunEvent[] = []): FoldInput {
  const head = once.events.filter(({ type }) => type === 'run.started' || type === 'plan.resolved');
  const body = once.events.filter(({ type }) => !['run.started', 'plan.resolved', 'run.ended'].includes(type));
  const end = once.events.filter(({ type }) => type === 'run.ended');
  const each = Array.from({ length: count }, (_, k) => k);
  const events = [
    ...head.map((event) => (event.type === 'run.started' ? { ...event, trials: planned, looks } : event)),
    ...each.flatMap((k) => body.map((event) => shifted(event, k))),
    ...more,
    ...end.map((event) => ({ ...event, t: event.t + (count - 1) * LENGTH_S })),
  ] as RunEvent[];
  const { arrivals } = once;
  if (!arrivals) throw new Error('the generated run has arrivals');
  const streams = arrivals.streams.map((columns) => joined(each.map((k) => later(columns, k))));
  return { ...once, events, arrivals: { ...arrivals, streams } };
}

function shifted(event: RunEvent, k: number): RunEvent {
  const by = k * LENGTH_S;
  return {
    ...event,
    t: event.t + by,
    ...('trial' in event ? { trial: k + 1 } : {}),
    ...('atUs' in event ? { atUs: event.atUs + by * 1e6 } : {}),
    ...(event.type === 'second' || event.type === 'driver.health' ? { second: event.second + by } : {}),
  } as RunEvent;
}

function later(columns: ArrivalColumns, k: number): ArrivalColumns {
  return {
    ...columns,
    index: columns.index.map((index) => index + k * LENGTH_S * RATE),
    dueUs: columns.dueUs.map((due) => due + k * LENGTH_S * 1e6),
  };
}

function joined(parts: ArrivalColumns[]): ArrivalColumns {
  const first = parts[0]!;
  return Object.fromEntries(
    Object.entries(first).map(([name, column]) => {
      const all = parts.map((part) => part[name as keyof ArrivalColumns] as Float64Array);
      const whole = new (column.constructor as Float64ArrayConstructor)(all.reduce((sum, one) => sum + one.length, 0));
      let at = 0;
      for (const one of all) {
        whole.set(one, at);
        at += one.length;
      }
      return [name, whole];
    }),
  ) as unknown as ArrivalColumns;
}

const look = (trial: number, decided: boolean): RunEvent => ({
  v: 1,
  seq: 1,
  t: trial * LENGTH_S,
  type: 'look.taken',
  look: trial / 2,
  of: 2,
  trials: trial,
  decided,
  savedS: 108,
  message: 'a look',
});

describe('a run of four trials', () => {
  it('has one verdict on all of them, with the drift of each, and a recovery for each', () => {
    const result = foldRun(trials(4));
    expect(result.windows.map(({ window, trial }) => `${window} ${trial}`)).toHaveLength(12);
    expect(result).toMatchObject({ verdict: 'passed', warnings: [] });
    const p95 = result.slos[1]!;
    const part = p95.parts.find((one) => one.part === 'tolerance')!;
    expect(part.trials?.drifts.map(({ trial }) => trial)).toEqual([1, 2, 3, 4]);
    for (const { drift, low, high } of part.trials?.drifts ?? []) {
      expect(drift).toBeCloseTo(0.05, 2);
      expect(low).toBeLessThan(drift!);
      expect(high).toBeGreaterThan(drift!);
    }
    const [text] = trialTexts(p95);
    expect(text).toMatch(/^4 trials: (\+[\d.]+ ms, ){3}\+[\d.]+ ms; mean \+[\d.]+ ms \(\+/);
    expect(text).toMatch(/of the variation is between trials; a single fault to come: \+[\d.]+ ms to \+[\d.]+ ms$/);
    expect(trialTexts(foldRun(once).slos[1]!)).toEqual([]);
    expect(part.trials?.prediction.high).toBeGreaterThanOrEqual(part.trials?.mean.high ?? NaN);
    expect(part.assumptions.join()).toContain('4 trials');
    expect(p95.warnings.map(({ code }) => code)).not.toContain('provisional');
    expect(p95.parts.find((one) => one.part === 'recovery')?.verdict).toBe('passed');
  });

  it('decided at a look, it stands on the trials until then, at the stricter level of that look', () => {
    const whole = foldRun(trials(4, 4, 2)).slos[1]!.parts[0]!;
    const result = foldRun(trials(2, 4, 2, [look(2, true)]));
    expect(result.verdict).toBe('passed');
    const early = result.slos[1]!.parts[0]!;
    expect(early.reasons).toEqual([]);
    expect(result.looks).toEqual([{ look: 1, of: 2, trials: 2, plannedTrials: 4, decided: true, savedS: 108 }]);
    expect(decidedEarly(result)).toBe('decided early, after 2 of 4 trials: about 1m 48s saved');
    expect(decidedEarly(foldRun(trials(4)))).toBeUndefined();
    expect(early.k).toBeGreaterThan(whole.k ?? NaN);
  });

  it('ended before its plan without such a look, it decides nothing by fixed-length tests', () => {
    for (const more of [[], [look(2, false)]]) {
      const result = foldRun(trials(2, 4, 2, more));
      expect(result.verdict).not.toBe('passed');
      expect(result.slos[1]!.reasons.map(({ code }) => code)).toContain('stopped_early');
    }
  });
});
