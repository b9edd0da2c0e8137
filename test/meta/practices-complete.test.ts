import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFECTS } from '../../examples/shop/src/shared/defects.js';
import { parseScenario } from '../../src/scenario/index.js';
import { DETECTIONS, PRACTICES } from '../support/detections.js';
import { matrixPage } from '../support/matrix-table.js';
import { found } from '../support/scenario-runs.js';

describe('the practices of the shop', () => {
  it('lack nothing that could be switched off: each defect is expected to be found', () => {
    expect(DETECTIONS.map(({ defect }) => defect).sort()).toEqual(Object.keys(DEFECTS).sort());
  });

  it.each(DETECTIONS)('$scenario has what $defect must break', ({ scenario: name, breaks }) => {
    const file = `scenarios/${name}`;
    const { scenario, problems } = parseScenario(readFileSync(file, 'utf8'), file, {});
    expect(problems).toEqual([]);
    const judged = [
      ...(scenario?.slos ?? []).filter(({ severity }) => severity === 'critical'),
      ...(scenario?.invariants ?? []),
    ].map(({ name }) => name);
    expect(judged).toEqual(expect.arrayContaining(breaks));
    expect(breaks.length).toBeGreaterThan(0);
  });

  it.each(PRACTICES)('$number $name has a page, in the list too, a scenario, and a defect', (practice) => {
    const { page, scenario, name } = practice;
    const text = existsSync(`docs/practices/${page}`) ? readFileSync(`docs/practices/${page}`, 'utf8') : '';
    expect(text, `docs/practices/${page}`).toContain(`(../../scenarios/${scenario})`);
    const defects = DETECTIONS.filter((one) => one.scenario === scenario).map(({ defect }) => defect);
    expect(defects.length, `no defect for ${name}`).toBeGreaterThan(0);
    for (const defect of defects) expect(text).toContain(defect);
    expect(readFileSync('docs/practices/index.md', 'utf8')).toContain(`(${page})`);
  });

  it('have a matrix that was written from its record', () => {
    const record = JSON.parse(readFileSync('docs/detection-matrix.json', 'utf8')) as Parameters<typeof matrixPage>[0];
    expect(readFileSync('docs/detection-matrix.md', 'utf8')).toBe(matrixPage(record));
  });

  it('have a matrix that does not hide a miss, a false alarm or another try', () => {
    const one = DETECTIONS.find(({ breaks }) => !breaks.includes('availability'));
    const run = { verdict: 'passed', exit: 0, broke: [], unjudged: [], tries: 1, seconds: 50 };
    const alarm = { verdict: 'failed', exit: 1, broke: ['availability'], unjudged: [], tries: 2, seconds: 50 };
    const cell = { commit: 'abc', date: '2026-01-01', node: '20', processors: 2, scenario: String(one?.scenario) };
    const page = matrixPage({
      cells: [
        { ...cell, defect: null, runs: [run, alarm] },
        { ...cell, defect: String(one?.defect), runs: [run, alarm] },
      ],
    });
    const row = page.split('\n').find((line) => line.includes(`\`${one?.defect}\``));
    expect(row).toContain('| **passed 1 of 2** (1 after another try) | **found 0 of 2** (1 after another try) |');
  });

  it('count as found only with the right exit code and for a right reason', () => {
    const slo = (name: string, verdict: string) => ({ name, verdict });
    const run = (code: number, verdict: string, ...slos: { name: string; verdict: string }[]) => ({
      code,
      result: { verdict, slos, invariants: [{ name: 'nothing lost', held: code !== 1 }] },
    });
    const failed = { breaks: ['browse'] };
    expect(found(run(1, 'failed', slo('browse', 'failed')), failed)).toBe(true);
    expect(found(run(1, 'failed', slo('browse', 'failed')), { breaks: ['nothing lost'] })).toBe(true);
    expect(found(run(1, 'failed', slo('other', 'failed'), slo('browse', 'passed')), failed)).toBe(false);
    expect(found(run(3, 'errored', slo('browse', 'failed')), failed)).toBe(false);
    const unseen = { breaks: ['browse'], exit: 3 };
    expect(found(run(3, 'inconclusive', slo('browse', 'inconclusive'), slo('other', 'passed')), unseen)).toBe(true);
    // A run that could judge nothing (a starved machine) is not a find, and neither is one that broke down.
    expect(found(run(3, 'inconclusive', slo('browse', 'inconclusive')), unseen)).toBe(false);
    expect(found(run(3, 'errored', slo('browse', 'inconclusive'), slo('other', 'passed')), unseen)).toBe(false);
  });

  it('are run by name, and an unknown one is refused with those that are known', () => {
    const matrix = (...argv: string[]) =>
      spawnSync(process.execPath, ['test/support/run-matrix.js', ...argv], { encoding: 'utf8' });
    expect(matrix('--scenarios', 'relod')).toMatchObject({ status: 2, stdout: '' });
    expect(matrix('--scenarios', 'relod').stderr).toContain('"relod" is not known; known: slis, fail-fast,');
    expect(matrix('--defects', 'no-deadline,nothing').stderr).toContain('"nothing" is not known; known: no-metrics,');
    expect(matrix('--rounds', '0').stderr).toContain('--rounds must be a whole number from 1, not 0');
  });
});
