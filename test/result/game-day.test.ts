import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../src/html/document.js';
import { readArrivals } from '../../src/record/arrivals-file.js';
import { readEvents } from '../../src/record/event-log.js';
import type { EventBody, EventType, RunEvent } from '../../src/record/events.js';
import { foldRun } from '../../src/result/fold.js';
import { joinedSources } from '../../src/result/joined-clock.js';
import { growthIn, increase } from '../../src/verdict/sources/source.js';
import { CLOCK, responsesOf } from '../../src/result/game-day.js';
import { injectionsOf, windowsOf } from '../../src/result/windows.js';
import { edges, generateRun, p95Slo, undoRecord } from './generated-run.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-game-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let seq = 0;
const at = <T extends EventType>(t: number, type: T, body: EventBody<T>): RunEvent =>
  ({ v: 1, seq: ++seq, t, type, ...body }) as unknown as RunEvent;
const about = { fault: 'f1', faultType: 'latency', summary: '', targets: [] };
const order = (t: number) => at(t, 'fault.requested', about);
const breach = (t: number) => at(t, 'slo.breached', { slo: 'up', value: 0, limit: 1, message: '' });
const back = (t: number) => at(t, 'slo.recovered', { slo: 'up', value: 1, limit: 1, message: '' });

describe('the clocks of the team', () => {
  it('stop with the first note or alert, and when a person lifts the fault', () => {
    const [response] = responsesOf([
      at(9, 'note', { who: 'Ada', text: 'before' }),
      order(10),
      breach(12),
      at(13, 'note', { who: 'Ada', text: 'slow' }),
      at(20, 'steer', { who: 'Ada', action: 'lift', subject: 'f2' }),
      at(21, 'steer', { who: 'Ada', action: 'lift', subject: 'f1' }),
      back(25),
    ]);
    expect(response).toMatchObject({
      injectedS: 10,
      detectedS: 12,
      detectedBy: 'alert: up',
      mitigatedS: 21,
      mitigatedBy: 'Ada',
    });
  });

  it('take a lift by the time limit for no deed of the team, and a system that is back for one', () => {
    const lifted = at(20, 'steer', { who: CLOCK, action: 'lift', subject: 'f1' });
    expect(responsesOf([order(10), lifted])[0]).toMatchObject({ detectedS: null, mitigatedS: null });
    expect(responsesOf([order(10), breach(12), back(17), lifted])[0]).toMatchObject({ mitigatedS: 17 });
    const injected = order(10);
    const claimed = at(15, 'note', { who: 'Eve', text: 'done', kind: 'mitigated' });
    expect(responsesOf([injected, claimed, back(17)])[0]).toMatchObject({ mitigatedS: 15, mitigatedBy: 'Eve' });
  });

  it('are told apart for each time that the same fault is injected', () => {
    const both = responsesOf([order(10), at(11, 'note', { who: 'Ada', text: 'x' }), order(30), breach(34)]);
    expect(both.map(({ detectedS }) => detectedS)).toEqual([11, 34]);
  });
});

describe('a fault window that was opened by hand more than once', () => {
  // Two stretches: the first 12 s and the last 12 s of 40 s; nothing is slow between them.
  const faultS = 40;
  const times = edges({ faultS });
  const first = times.proven + 12e6;
  const second = times.faultEnd - 12e6;
  const result = (() => {
    const run = generateRun({
      folder: join(folder, 'twice'),
      faultS,
      slos: [p95Slo()],
      arrival: (arrival) =>
        arrival.dueUs >= first && arrival.dueUs < second ? { ...arrival, responseUs: 10_000 } : arrival,
      event(type, body, atUs, log) {
        if (type === 'run.started') log(type, { ...body, gameDay: { script: false, blind: false } }, atUs);
        else if (type === 'plan.resolved') {
          const [fault] = body['faults'] as object[];
          log(
            type,
            {
              ...body,
              faults: [
                { ...fault, byHand: true },
                { ...fault, id: 'f2', byHand: true },
              ],
            },
            atUs,
          );
        } else if (type === 'window.opened' && body['window'] === 'fault') {
          log(type, body, atUs);
          log('window.closed', { window: 'fault', trial: 1, atUs: first }, first);
          log('undo.requested', { fault: 'f1', faultType: 'latency', records: [undoRecord] }, first);
          const proof = { status: 'confirmed', method: 'canary', finding: 'gone', measured: {} };
          log('undo.proven', { fault: 'f1', faultType: 'latency', proof }, first + 1e5);
          log('fault.requested', { ...about, summary: 'again' }, second - 1e5);
          log('fault.proven', { ...about, proof }, second);
          log(type, { ...body, atUs: second }, second);
        } else return true;
        return false;
      },
    });
    const { events } = readEvents(run.events);
    return { events, result: foldRun({ events, arrivals: readArrivals(run.arrivals), ended: { complete: true } }) };
  })();

  it('is the union of the stretches: what is due between them counts for neither', () => {
    const [, window] = windowsOf(result.events, Infinity);
    expect(window?.parts).toEqual([
      { startUs: times.proven, endUs: first },
      { startUs: second, endUs: times.faultEnd },
    ]);
    const faults = result.result.windows.filter(({ window: kind }) => kind === 'fault');
    expect(faults.map(({ startS, endS }) => Math.round(endS - startS))).toEqual([12, 12]);
    const row = result.result.ledger.find(({ window: kind, request }) => kind === 'fault' && request === undefined);
    expect(row?.scheduled).toBeGreaterThan(2380);
    expect(row?.scheduled).toBeLessThanOrEqual(2401);
  });

  it('is judged without the pause: it would have hidden the harm', () => {
    const [judged] = result.result.slos;
    // With the pause 40 % of the arrivals would be fast; the p95 shows it either way, the median only so.
    expect(judged?.windows.fault?.value).toBeGreaterThan(0.17);
    const distribution = result.result.distribution.find(({ window: kind }) => kind === 'fault');
    expect(distribution?.allS[distribution.quantiles.indexOf(0.5)]).toBeGreaterThan(0.16);
    expect(judged?.verdict).toBe('passed');
  });

  it('shows each time, and leaves out what was offered and never ordered', () => {
    expect(result.result.faults.map(({ id }) => id)).toEqual(['f1']);
    expect(result.result.faults[0]?.acts).toHaveLength(2);
    expect(result.result.verdict).not.toBe('errored');
    expect(result.result.gameDay?.responses).toHaveLength(2);
    expect(renderReport(result.result)).toMatch(/Game day[\s\S]*Detected after/);
  });

  it('keeps what was due in an earlier stretch and was still open at the next order', () => {
    const [baseline, window] = windowsOf(result.events, Infinity);
    expect(baseline?.kind).toBe('baseline');
    const orders = injectionsOf(result.events);
    expect(orders).toHaveLength(2);
    expect(window?.endUs).toBe(times.faultEnd);
  });
});

describe('what was read of the system', () => {
  const window = {
    kind: 'fault' as const,
    trial: 1,
    startUs: 10e6,
    endUs: 60e6,
    closed: true,
    parts: [
      { startUs: 10e6, endUs: 20e6 },
      { startUs: 50e6, endUs: 60e6 },
    ],
  };

  it('counts only what grew while a fault was active', () => {
    // One a second, and a thousand a second while nothing was broken.
    const readings = Array.from({ length: 80 }, (_, second) => ({
      atUs: second * 1e6 + 5e5,
      kind: 'counters' as const,
      counters: { x: second + 1000 * Math.max(0, Math.min(30, second - 19)) },
    }));
    const joined = joinedSources({ metric: { readings, exits: [] } }, window);
    const grown = growthIn(joined['metric']!, 'counters', { startUs: 10e6, endUs: 30e6 }, (before, after) =>
      increase(before.counters['x'] ?? 0, after.counters['x'] ?? 0),
    );
    expect(grown).toHaveLength(18);
    expect(Math.max(...grown.map((growth) => growth.grown))).toBe(1);
    // As it would be without: the pause is in it.
    const plain = growthIn({ readings, exits: [] }, 'counters', window, (before, after) =>
      increase(before.counters['x'] ?? 0, after.counters['x'] ?? 0),
    );
    expect(Math.max(...plain.map((growth) => growth.grown))).toBe(1001);
  });
});
