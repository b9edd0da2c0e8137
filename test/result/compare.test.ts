import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArrivals } from '../../src/record/arrivals-file.js';
import { readEvents } from '../../src/record/event-log.js';
import { compareRuns } from '../../src/result/compare.js';
import { latestOn } from '../../src/result/find-baseline.js';
import { foldRun } from '../../src/result/fold.js';
import type { RunResult } from '../../src/result/schema.js';
import { generateRun, p95Slo, slo, type GeneratedRun } from './generated-run.js';

let folder: string;
let base: RunResult;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-compare-'));
  base = made({ addedMs: 100 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function made(options: Omit<GeneratedRun, 'folder'>, id = `run${++count}`): RunResult {
  const paths = generateRun({ ...options, folder: join(folder, `records-${id}`) });
  const result = foldRun({ events: readEvents(paths.events).events, arrivals: readArrivals(paths.arrivals) });
  return { ...result, run: { ...result.run, id } };
}
const p95 = (comparison: ReturnType<typeof compareRuns>) => comparison.slos.find(({ name }) => name === 'p95');

describe('comparing a run with an earlier one', () => {
  it('passes when it drifts no further, and says by how much', () => {
    const comparison = compareRuns(made({ addedMs: 102 }), base);
    expect(comparison).toMatchObject({ verdict: 'passed', exitCode: 0 });
    // The tolerance of p95 is 200 ms.
    expect(p95(comparison)).toMatchObject({ what: 'drift', verdict: 'passed', margin: 0.2 });
    expect(p95(comparison)?.difference.value).toBeCloseTo(0.002, 3);
  });

  it('fails when it drifts further by more than the margin, beyond doubt', () => {
    const comparison = compareRuns(made({ addedMs: 340 }), base);
    expect(comparison).toMatchObject({ verdict: 'failed', exitCode: 1 });
    expect(p95(comparison)).toMatchObject({ verdict: 'failed', direction: 'worse' });
    expect(comparison.sentence).toMatch(/^p95 drifted 240 ms further than in the baseline run/);
    expect(compareRuns(made({ addedMs: 160 }), base, { margin: 0.1 }).verdict).toBe('failed');
    expect(compareRuns(made({ addedMs: 160 }), base).verdict).toBe('passed');
  });

  it('is inconclusive at the margin: both intervals count', () => {
    const near = compareRuns(made({ addedMs: 150 }), base, { margin: 0.25 });
    expect(p95(near)).toMatchObject({ verdict: 'inconclusive', reasons: [{ code: 'underpowered' }] });
    expect(near.exitCode).toBe(3);
    const { low, high, value } = p95(near)!.difference;
    expect((high! - low!) / 2).toBeGreaterThan(0);
    expect(low! < value! && value! < high!).toBe(true);
  });

  it('lets a narrow failure among many SLOs be chance, says so, and keeps a plain one', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => p95Slo({ name: i === 0 ? 'p95' : `p95 ${i}` }));
    const few = compareRuns(made({ addedMs: 160, slos: many(3) }), made({ addedMs: 100, slos: many(3) }));
    const drift = p95(few)!.difference;
    // A margin (of the tolerance of 200 ms) just below the interval: a failure at 5 %, and none at 5 % ÷ 8.
    const margin = (drift.low! - 0.02 * (drift.value! - drift.low!)) / 0.2;
    const at = (count: number, share: number) =>
      compareRuns(made({ addedMs: 160, slos: many(count) }), made({ addedMs: 100, slos: many(count) }), {
        margin: share,
      });
    expect(at(3, margin)).toMatchObject({ verdict: 'failed', multiplicity: { critical: 3, corrected: false } });
    const narrow = at(8, margin);
    expect(narrow).toMatchObject({ verdict: 'inconclusive', multiplicity: { critical: 8, corrected: true } });
    expect(p95(narrow)).toMatchObject({ verdict: 'inconclusive', reasons: [{ code: 'multiplicity' }] });
    expect(narrow.sentence).toMatch(/among 8 critical SLOs it fails too narrowly/);
    expect(at(8, 0.1)).toMatchObject({ verdict: 'failed', multiplicity: { corrected: true } });
  });

  it('shows an SLO without a tolerance, and lets it decide nothing', () => {
    const availability = compareRuns(made({ addedMs: 100 }), base).slos.find(({ name }) => name === 'availability');
    expect(availability).toMatchObject({
      what: 'level',
      margin: null,
      verdict: 'inconclusive',
      reasons: [{ code: 'no_tolerance' }],
    });
    const only = { slos: [slo()] };
    expect(compareRuns(made(only), made(only))).toMatchObject({ verdict: 'inconclusive', exitCode: 3 });
  });

  it('does not compare what cannot be compared', () => {
    const run = made({ addedMs: 100 });
    const codes = (comparison: ReturnType<typeof compareRuns>) => p95(comparison)?.reasons.map(({ code }) => code);
    expect(codes(compareRuns({ ...run, run: { ...run.run, complete: false } }, base))).toEqual(['stopped_early']);
    expect(codes(compareRuns(run, { ...base, verdict: 'aborted' }))).toEqual(['stopped_early']);
    expect(codes(compareRuns(made({ addedMs: 100, rate: 150 }), base))).toEqual(['load_mismatch']);
    expect(codes(compareRuns(made({ proof: { status: 'unknown' } }), base))).toEqual(['fault_unconfirmed']);
    expect(codes(compareRuns(run, made({ slos: [slo()] })))).toEqual(['not_in_baseline']);
    const gone = compareRuns(made({ slos: [p95Slo({ name: 'other p95' })] }), base);
    expect(gone.verdict).toBe('inconclusive');
  });

  it('says what else differs', () => {
    const other = structuredClone(base);
    other.run.environment.host.cpus = 64;
    other.run.scenario.sha256 = 'cd';
    const { warnings } = compareRuns(made({ addedMs: 100 }), other);
    expect(warnings.map(({ code }) => code)).toEqual(['other_machine', 'scenario_changed']);
  });
});

describe('the newest run of a branch', () => {
  const keep = (result: RunResult, branch: string | undefined, startedAt: string): void => {
    const path = join(folder, 'ci', result.run.id);
    mkdirSync(path, { recursive: true });
    const run = {
      ...result.run,
      startedAt,
      environment: { ...result.run.environment, ...(branch ? { gitBranch: branch } : {}) },
    };
    writeFileSync(join(path, 'result.json'), JSON.stringify({ ...result, run }));
  };

  it('is found among others, and its absence is explained', async () => {
    keep(base, 'main', '2026-03-01T00:00:00.000Z');
    keep(made({ addedMs: 120 }, 'newer'), 'main', '2026-03-02T00:00:00.000Z');
    keep({ ...made({ addedMs: 1 }, 'broke'), verdict: 'errored' }, 'main', '2026-03-03T00:00:00.000Z');
    keep(made({ addedMs: 1 }, 'feature'), 'feature', '2026-03-04T00:00:00.000Z');
    const run = made({ addedMs: 400 }, 'mine');
    keep(run, 'feature', '2026-03-05T00:00:00.000Z');
    expect(latestOn('main', join(folder, 'ci'), run).run.id).toBe('newer');
    expect(() => latestOn('release', join(folder, 'ci'), run)).toThrow(
      /on the branch release in .* \(4 other runs of it, on main, feature\)/,
    );

    const plimsoll = async (...argv: string[]) =>
      execa(process.execPath, [resolve('dist/cli.js'), 'compare', ...argv], { cwd: folder, reject: false });
    const gate = await plimsoll('ci/mine', '--baseline', 'latest-on', 'main', '--in', 'ci');
    expect(gate.exitCode).toBe(1);
    expect(gate.stdout).toMatch(/^✗ FAILED payment-slow: p95 drifted 280 ms further/);
    const json = await plimsoll('ci/newer', `ci/${base.run.id}`, '--json');
    expect([json.exitCode, JSON.parse(json.stdout)]).toMatchObject([
      0,
      { verdict: 'passed', baseline: { gitBranch: 'main' } },
    ]);
    expect((await plimsoll('ci/mine')).exitCode).toBe(2);
  });
});
