import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readArrivals } from '../../src/record/arrivals-file.js';
import { readEvents } from '../../src/record/event-log.js';
import { foldRun, type FoldInput } from '../../src/result/fold.js';
import { RunResult } from '../../src/result/schema.js';
import { traceIdOf } from '../../src/support/trace-id.js';
import { edges, generateRun, p95Slo, slo, undoRecord, type GeneratedRun, lagCounts } from './generated-run.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-fold-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fold(options: Omit<GeneratedRun, 'folder'> = {}, more: Partial<FoldInput> = {}): RunResult {
  const paths = generateRun({ ...options, folder: join(folder, String(Math.random()).slice(2)) });
  return foldRun({ events: readEvents(paths.events).events, arrivals: readArrivals(paths.arrivals), ...more });
}

const at = edges({});

describe('a run that went as planned', () => {
  it('is passed, and its result has its schema', () => {
    const result = fold();
    expect(RunResult.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    expect(result).toMatchObject({ verdict: 'passed', exitCode: 0, run: { complete: true }, warnings: [] });
    expect(result.cleanup).toMatchObject({ proven: true, byHand: [] });
    expect(result.slos.map(({ verdict }) => verdict)).toEqual(['passed', 'passed']);
  });

  it('is the same when folded again: nothing but the records decides', () => {
    const paths = generateRun({ folder: join(folder, 'twice') });
    const once = (): string =>
      JSON.stringify(foldRun({ events: readEvents(paths.events).events, arrivals: readArrivals(paths.arrivals) }));
    expect(once()).toBe(once());
  });

  it('fails when the latency breaks its objective beyond doubt', () => {
    const result = fold({ addedMs: 400 });
    expect(result).toMatchObject({ verdict: 'failed', exitCode: 1 });
    expect(result.slos.find(({ name }) => name === 'p95')?.verdict).toBe('failed');
    expect(result.sentence).toMatch(/p95 rose from 39 to 439 ms/);
  });

  it('keeps a ledger whose rows add up, per window and request', () => {
    const { ledger } = fold({
      arrival: (arrival, i) => (i % 10 === 3 ? { ...arrival, outcome: 'http_5xx', status: 503 } : arrival),
    });
    const of = (window: string, request?: string) =>
      ledger.find((row) => row.window === window && row.request === request) ?? { scheduled: NaN, outcomes: {} };
    expect(of('run')).toMatchObject({ scheduled: 5327, outcomes: { ok: 4794, http_5xx: 533 } });
    expect(of('baseline').scheduled).toBe(2000);
    expect(of('fault').scheduled).toBe(2000);
    expect(of('recovery').scheduled).toBe(1000);
    // Warm-up, and what was due while the fault was put in and taken out; one was in flight at the order and is there too.
    for (const row of ledger) {
      expect(Object.values(row.outcomes).reduce((sum, count) => sum + count, 0)).toBe(row.scheduled);
    }
    for (const request of [undefined, 'checkout', 'look']) {
      const parts = ['baseline', 'fault', 'recovery', 'none'].map((window) => of(window, request).scheduled);
      expect(parts.reduce((sum, count) => sum + count, 0)).toBe(of('run', request).scheduled);
    }
    expect(of('run', 'checkout').scheduled + of('run', 'look').scheduled).toBe(5327);
  });

  it('has exact percentiles per second of due time, and curves that end where failures begin', () => {
    const result = fold({
      arrival: (arrival, i) => ({
        ...arrival,
        responseUs: (i % 100) * 1000 + 1000,
        outcome: i % 100 >= 98 ? 'timeout' : 'ok',
      }),
    });
    const [series] = result.series;
    expect(series).toMatchObject({ stream: 'checkouts', model: 'open', fromS: 0 });
    expect(series?.scheduled[10]).toBe(100);
    expect(series?.ok[10]).toBe(98);
    expect([series?.p50S[10], series?.p95S[10], series?.p99S[10], series?.maxS[10]]).toEqual([0.05, 0.095, 0.099, 0.1]);
    expect(Object.keys(series?.outcomes ?? {})).toEqual(['ok', 'timeout']);
    const curve = result.distribution.find(({ window }) => window === 'fault');
    const value = (q: number, column: 'allS' | 'okS') => curve?.[column][curve.quantiles.indexOf(q)];
    expect([value(0.5, 'allS'), value(0.95, 'allS'), value(0.99, 'allS')]).toEqual([0.05, 0.095, null]);
    expect([value(0.5, 'okS'), value(0.99, 'okS')]).toEqual([0.049, 0.098]);
    expect(curve?.quantiles.at(-1)).toBeGreaterThanOrEqual(1999 / 2000);
  });

  it('keeps the slowest and the failed of each window, with the trace id that the request carried', () => {
    const { samples } = fold({
      arrival: (arrival, i) => {
        if (i === 1234) return { ...arrival, responseUs: 1_900_000 };
        if (i >= 3000 && i < 3010) return { ...arrival, outcome: 'reset', status: 0 };
        return arrival;
      },
    });
    expect(samples[0]).toMatchObject({ kind: 'slowest', window: 'none' });
    expect(samples.find(({ responseS }) => responseS === 1.9)).toEqual({
      kind: 'slowest',
      stream: 'checkouts',
      request: 'checkout',
      dueS: 12.34,
      responseS: 1.9,
      status: 200,
      outcome: 'ok',
      window: 'baseline',
      traceId: traceIdOf('gen00001', 'checkouts', 1234),
    });
    const failed = samples.filter(({ kind }) => kind === 'failed');
    expect(failed.map(({ dueS, window, outcome }) => [dueS, window, outcome])).toEqual([
      [30, 'fault', 'reset'],
      [30.01, 'fault', 'reset'],
      [30.02, 'fault', 'reset'],
    ]);
    expect(samples.length).toBeLessThanOrEqual(4 * 5 + 3);
  });

  it('judges again with other SLOs, exactly', () => {
    const strict = fold(
      {},
      { slos: [p95Slo({ name: 'strict', objective: { op: '<=', value: 0.1, during: 'fault' } })] },
    );
    expect(strict.slos).toMatchObject([{ name: 'strict', verdict: 'failed' }]);
    expect(strict).toMatchObject({ verdict: 'failed', exitCode: 1 });
    expect(() => fold({}, { slos: [slo({ tolerances: [{ type: 'seconds', value: 1 }] })] })).toThrow(/availability/);
  });
});

describe('no false green', () => {
  const never = (result: RunResult) => {
    expect(result.verdict).not.toBe('passed');
    expect(result.exitCode).not.toBe(0);
    return result;
  };

  it('a proof that contradicts is errored', () => {
    const result = never(fold({ proof: { status: 'mismatch', finding: 'answers came as fast as before' } }));
    expect(result).toMatchObject({ verdict: 'errored', exitCode: 3 });
    expect(result.sentence).toContain('answers came as fast as before');
  });

  it('an unknown proof is inconclusive, unless the scenario says that there is none', () => {
    expect(never(fold({ proof: { status: 'unknown' } }))).toMatchObject({ verdict: 'inconclusive', exitCode: 3 });
    expect(fold({ proof: { status: 'unknown' }, proofOptional: true })).toMatchObject({
      verdict: 'passed',
      exitCode: 0,
    });
  });

  it('a fault that was planned but never injected, or never proven, is errored', () => {
    expect(never(fold({ event: (type) => !type.startsWith('fault.') && !type.startsWith('undo.') }))).toMatchObject({
      verdict: 'errored',
      sentence: expect.stringContaining('never injected'),
    });
    expect(never(fold({ event: (type) => type !== 'fault.proven' }))).toMatchObject({
      verdict: 'errored',
      sentence: expect.stringContaining('never measured'),
    });
  });

  it('an error event is errored, whatever the SLOs say', () => {
    const result = never(
      fold({
        event: (type, _, atUs, log) => {
          if (type === 'run.ended') log('error', { code: 'driver_died', message: 'the driver died' }, atUs);
        },
      }),
    );
    expect(result).toMatchObject({
      verdict: 'errored',
      exitCode: 3,
      slos: [{ verdict: 'passed' }, { verdict: 'passed' }],
    });
  });

  it('a failed injection is errored', () => {
    const result = never(
      fold({
        event: (type, body, atUs, log) => {
          if (type !== 'fault.proven') return true;
          const { proof: _, ...about } = body;
          log('fault.failed', { ...about, code: 'no_target', message: 'the process is gone' }, atUs);
          return false;
        },
      }),
    );
    expect(result).toMatchObject({ verdict: 'errored', sentence: expect.stringContaining('the process is gone') });
  });

  it('an undo that is not proven is exit 4, with the commands that undo it by hand', () => {
    for (const options of [
      { event: (type) => type !== 'undo.proven' },
      { undoProof: { status: 'mismatch' } },
      { undoProof: { status: 'unknown' } },
      { event: (type) => !type.startsWith('undo.') },
    ] satisfies Omit<GeneratedRun, 'folder'>[]) {
      const result = fold(options);
      expect(result).toMatchObject({ exitCode: 4, cleanup: { proven: false } });
      expect(result.sentence).toContain('still be active');
      if (result.faults[0]?.undoRequestedS !== null) expect(result.cleanup.byHand).toEqual([undoRecord.byHand]);
    }
  });

  it('an undo that failed names itself, and the journal knows the command even if the log does not', () => {
    const failed = fold({
      event: (type, body, atUs, log) => {
        if (type !== 'undo.done') return type !== 'undo.proven';
        const { alreadyDone: _, ...about } = body;
        log('undo.failed', { ...about, byHand: undoRecord.byHand, message: 'connection refused' }, atUs);
        return false;
      },
    });
    expect(failed).toMatchObject({ verdict: 'errored', exitCode: 4 });
    expect(failed.cleanup.sentence).toContain('connection refused');
    expect(failed.faults[0]?.undo).toMatchObject([{ state: 'failed', message: 'connection refused' }]);
    const journal = [{ record: undoRecord, undoneBy: undefined }];
    expect(fold({ event: (type) => !type.startsWith('undo.') }, { journal }).cleanup.byHand).toEqual([
      undoRecord.byHand,
    ]);
  });

  it('an undo that cannot be measured is good enough where the scenario says so', () => {
    expect(fold({ proofOptional: true, proof: { status: 'unknown' }, undoProof: { status: 'unknown' } })).toMatchObject(
      {
        exitCode: 0,
        cleanup: { proven: true },
      },
    );
  });

  it('an arrival without a record, or with two, is errored: scheduled must equal the outcomes', () => {
    const lost = never(fold({ arrival: (arrival, i) => (i === 2500 ? undefined : arrival) }));
    expect(lost).toMatchObject({ verdict: 'errored', exitCode: 3 });
    expect(lost.sentence).toContain('5327 arrivals were scheduled, 5326 have an outcome');
    expect(lost.ledger.find(({ window, request }) => window === 'run' && !request)).toMatchObject({
      scheduled: 5327,
      outcomes: { ok: 5326, unfinished: 1 },
    });
    const tail = never(fold({ arrival: (arrival, i) => (i > 5200 ? undefined : arrival) }));
    expect(tail.warnings).toContainEqual(expect.objectContaining({ code: 'arrivals_lost' }));
    // More outcomes than the driver says it scheduled.
    const more = never(
      fold({ event: (type, body) => void (type === 'second' && body['second'] === 9 ? (body['scheduled'] = 99) : 0) }),
    );
    expect(more.sentence).toContain('5326 arrivals were scheduled, but 5327 have an outcome');
  });

  it('an unchecked invariant is not a pass, a violated one fails', () => {
    const invariants = [{ name: 'nothing lost', expected: 'lost: 0' }];
    expect(fold({ invariants })).toMatchObject({ verdict: 'passed', invariants: [{ held: true }] });
    const unchecked = never(fold({ invariants, event: (type) => type !== 'invariant.checked' }));
    expect(unchecked).toMatchObject({ verdict: 'inconclusive', exitCode: 3, invariants: [{ held: null }] });
    const violated = never(
      fold({ invariants, event: (type, body) => void (type === 'invariant.checked' && (body['held'] = false)) }),
    );
    expect(violated).toMatchObject({ verdict: 'failed', exitCode: 1 });
  });

  it('no SLO, no arrivals, no windows: never a pass', () => {
    expect(never(fold({ slos: [] })).verdict).toBe('inconclusive');
    expect(never(fold({}, { arrivals: undefined })).verdict).toBe('errored');
    const windowless = never(fold({ event: (type) => !type.startsWith('window.') }));
    expect(windowless.slos.flatMap(({ reasons }) => reasons.map(({ code }) => code))).toContain('no_data');
  });

  it('a sick load driver takes the verdict away', () => {
    const sick = (change: Record<string, unknown>) =>
      never(fold({ event: (type, body) => void (type === 'driver.health' && Object.assign(body, change)) }));
    for (const change of [
      { cpuShare: 0.95 },
      { clockJumpMs: 1500 },
      { localLimitErrors: 1 },
      { eventLoopDelayP99Ms: 30 },
      { invalid: 'something new' },
    ]) {
      const result = sick(change);
      expect(result.verdict).toBe('inconclusive');
      expect(result.slos.flatMap(({ reasons }) => reasons.map(({ code }) => code))).toContain('generator_saturated');
    }
    // One late second among many does not make the window's p99 late; lateness all over it does.
    const late = (from: number, to: number) =>
      fold({
        event: (type, body) => {
          if (type !== 'driver.health' || Number(body['second']) < from || Number(body['second']) > to) return;
          Object.assign(body, { schedulingLagP99Ms: 30, lagCounts: lagCounts({ 1: 96, 30: 4 }), invalid: 'late' });
        },
      });
    const hiccup = late(30, 30);
    expect(never(late(0, 99)).verdict).toBe('inconclusive');
    expect(hiccup.verdict).toBe('passed');
    expect(hiccup.health[0]?.invalid).toEqual([{ second: 30, reason: 'late' }]);
    const blind = never(fold({ event: (type) => type !== 'driver.health' }));
    expect(blind.verdict).toBe('inconclusive');
  });

  it('a sick baseline is inconclusive: nothing was broken', () => {
    const result = never(
      fold({
        event: (type, body, atUs, log) => {
          if (atUs <= at.baselineEnd && type !== 'run.ended') return true;
          if (type === 'run.ended')
            log('error', { code: 'baseline_unhealthy', message: 'the baseline is unhealthy: 503' }, atUs);
          return type === 'second' || type === 'driver.health' || type === 'run.ended';
        },
      }),
    );
    expect(result).toMatchObject({ verdict: 'inconclusive', exitCode: 3, cleanup: { proven: true } });
    expect(result.sentence).toContain('the baseline is unhealthy: 503');
  });

  it('doubt about the traffic over the link takes a pass away', () => {
    const result = never(
      fold({
        event: (type, _, atUs, log) => {
          if (type === 'undo.requested')
            log('warning', { code: 'link_traffic_unverified', message: 'unknown (f1)' }, atUs);
        },
      }),
    );
    expect(result.verdict).toBe('inconclusive');
  });
});

describe('a run that was stopped', () => {
  /** The events of a stop at `seconds`: nothing after it but the undo. */
  const stop = (
    seconds: number,
    type: 'signal' | 'stop.tripped' | 'steer',
    body: object,
  ): Omit<GeneratedRun, 'folder'> => {
    let done = false;
    return {
      event: (kind, _, atUs, log) => {
        if (atUs < seconds * 1e6) return true;
        if (!done) {
          done = true;
          log(type, body, seconds * 1e6);
          log('window.closed', { window: 'fault', trial: 1, atUs: seconds * 1e6 }, seconds * 1e6);
        }
        return !kind.startsWith('window.');
      },
    };
  };

  it('by a signal is aborted, with the exit code of the signal', () => {
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      expect(fold(stop(35, 'signal', { signal }))).toMatchObject({ verdict: 'aborted', exitCode });
    }
  });

  it('by a guard or a person is aborted', () => {
    const trip = fold(stop(35, 'stop.tripped', { guard: 'error-ratio', message: '60 of 100 failed', figures: {} }));
    expect(trip).toMatchObject({ verdict: 'aborted', exitCode: 3, marks: [{ kind: 'stop', atS: 35 }] });
    expect(trip.sentence).toContain('60 of 100 failed');
    expect(fold(stop(35, 'steer', { who: 'ann', action: 'abort' }))).toMatchObject({ verdict: 'aborted', exitCode: 3 });
  });

  it('by a guard is failed where a ratio SLO is broken beyond doubt', () => {
    const result = fold({
      ...stop(35, 'stop.tripped', { guard: 'error-ratio', message: 'x', figures: {} }),
      slos: [slo()],
      arrival: (arrival, i) => (arrival.dueUs > 23e6 && i % 10 > 0 ? { ...arrival, outcome: 'refused' } : arrival),
    });
    expect(result).toMatchObject({ verdict: 'failed', exitCode: 1 });
  });

  it('does not count against the system what the stop itself left open', () => {
    const result = fold({
      ...stop(35, 'signal', { signal: 'SIGINT' }),
      slos: [slo({ objective: { op: '>=', value: 0.999, during: 'fault' } })],
      arrival: (arrival) =>
        arrival.dueUs > 34e6 && arrival.dueUs < 35e6 ? { ...arrival, outcome: 'unfinished', responseUs: 2e6 } : arrival,
    });
    expect(result).toMatchObject({ verdict: 'aborted', exitCode: 130 });
    expect(result.ledger.find(({ window, request }) => window === 'fault' && !request)?.outcomes.unfinished).toBe(99);
  });
});
