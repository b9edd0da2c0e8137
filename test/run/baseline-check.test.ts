import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plan } from '../../src/run/run-scenario.js';
import { checkBaseline } from '../../src/run/baseline-check.js';
import { ArrivalsFile } from '../../src/record/arrivals-file.js';
import { OUTCOMES, type Outcome } from '../../src/record/outcomes.js';
import { createRunDirectory, type RunDirectory } from '../../src/record/run-directory.js';

const RATE = 50;
const SECONDS = 20;
let folder: string;
let directory: RunDirectory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-baseline-'));
  directory = createRunDirectory(folder, 'x', 'abcdefgh', new Date(0));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Records twenty seconds in which arrival `k` ends as `outcomeOf(k)`, and checks the baseline that begins at `fromS`. */
function check(outcomeOf: (k: number) => Outcome, fromS = 0, lateSeconds = 0): () => void {
  const scenario = plan({
    plimsoll: 1,
    name: 'x',
    load: { rate: `${RATE}/s`, requests: [{ name: 'home', url: 'http://127.0.0.1:8080/' }] },
    phases: { baseline: '20s', fault: '20s' },
    slos: [{ name: 'up', indicator: 'availability', objective: '>= 99%' }],
  });
  const file = ArrivalsFile.create(directory.arrivals, {
    formatVersion: 1,
    runId: 'abcdefgh',
    seed: 1,
    t0Us: 0,
    streams: [
      {
        name: 'load',
        model: 'open',
        ratePerSecond: RATE,
        arrivals: 'uniform',
        requests: ['home'],
        deadlinesUs: [5_000_000],
      },
    ],
  });
  const all = Array.from({ length: RATE * SECONDS }, (_, k) => k);
  file.append({
    stream: 0,
    columns: {
      index: Uint32Array.from(all),
      dueUs: Float64Array.from(all.map((k) => (k * 1e6) / RATE)),
      responseUs: Uint32Array.from(all.map(() => 5000)),
      status: Uint16Array.from(all.map((k) => (outcomeOf(k) === 'ok' ? 200 : 503))),
      outcome: Uint8Array.from(all.map((k) => OUTCOMES.indexOf(outcomeOf(k)))),
      request: new Uint8Array(all.length),
    },
  });
  file.close();
  const health = Array.from({ length: SECONDS }, (_, second) => ({
    driver: 'open' as const,
    second,
    schedulingLagP99Ms: second < lateSeconds ? 50 + second : 1,
    eventLoopDelayP99Ms: 1,
    cpuShare: 0.1,
    clockJumpMs: 0,
    localLimitErrors: 0,
    ...(second < lateSeconds ? { invalid: `requests were issued ${50 + second} ms late` } : {}),
  }));
  return () => checkBaseline({ plan: scenario, directory, fromUs: fromS * 1e6, toUs: (fromS + SECONDS) * 1e6, health });
}

describe('the look at the baseline', () => {
  it('lets a sound one pass', () => {
    expect(check(() => 'ok')).not.toThrow();
  });

  it('lets one pass that is merely unsure', () => {
    expect(check((k) => (k % 90 === 0 ? 'http_5xx' : 'ok'))).not.toThrow();
  });

  it('stops before anything is injected when a critical objective is broken beyond doubt', () => {
    expect(check((k) => (k % 5 === 0 ? 'http_5xx' : 'ok'))).toThrow(/up breaks its objective/);
  });

  it.each([
    [9, /driver was not well either, in 9 of 20 seconds \(requests were issued 58 ms late\)/],
    [2, /^Mend the system/],
  ])('says whether the machine is to blame rather than the system: %i late seconds', (late, hint) => {
    const broken = check((k) => (k % 5 === 0 ? 'http_5xx' : 'ok'), 0, late);
    expect(broken).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
  });

  it('stops when arrivals were dropped', () => {
    expect(check((k) => (k === 700 ? 'dropped' : 'ok'))).toThrow(/1 requests of stream load were dropped/);
  });

  it('stops when there were no arrivals at all', () => {
    expect(check(() => 'ok', 100)).toThrow(/no request was answered/);
  });
});
