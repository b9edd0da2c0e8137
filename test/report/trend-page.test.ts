import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderTrends } from '../../src/html/trend-page.js';
import type { RunResult } from '../../src/result/schema.js';
import { trendsOf } from '../../src/result/trend.js';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { expectSoundPage } from '../support/page-check.js';
import { sampleResult, variants } from '../support/sample-result.js';

/** A run of a scenario on a day of March. */
function onDay(day: number, result: RunResult, scenario = 'shop'): RunResult {
  const startedAt = `2026-03-${String(day).padStart(2, '0')}T09:00:00.000Z`;
  return {
    ...result,
    run: { ...result.run, id: `day-${day}`, startedAt, scenario: { ...result.run.scenario, name: scenario } },
  };
}
const page = (...results: RunResult[]): string =>
  renderTrends(trendsOf(results.map((result) => ({ result, report: `${result.run.id}/report.html` }))), []);

describe('runs over time', () => {
  it('are grouped by scenario and ordered by time, with a line for each part of each SLO', () => {
    const late = onDay(9, variants.failed());
    const trends = trendsOf([
      { result: late },
      { result: onDay(3, sampleResult()) },
      { result: onDay(5, sampleResult(), 'another') },
    ]);
    expect(trends.map(({ scenario, runs }) => [scenario, runs.map(({ id }) => id)])).toEqual([
      ['another', ['day-5']],
      ['shop', ['day-3', 'day-9']],
    ]);
    const [, shop] = trends;
    expect(shop!.lines).toHaveLength(sampleResult().slos.flatMap(({ parts }) => parts).length);
    for (const line of shop!.lines) {
      const slo = late.slos.find(({ name }) => name === line.slo)!;
      expect(line.points[1]?.judgement).toEqual(slo.parts.find(({ part }) => part === line.part));
    }
  });

  it('leave a gap where a run did not judge an SLO', () => {
    const without = { ...sampleResult(), slos: sampleResult().slos.slice(1) };
    const [trend] = trendsOf([{ result: onDay(1, without) }, { result: onDay(2, sampleResult()) }]);
    const gone = trend!.lines.filter(({ slo }) => slo === sampleResult().slos[0]!.name);
    expect(gone.length).toBeGreaterThan(0);
    for (const { points } of gone) expect(points.map((point) => point === null)).toEqual([true, false]);
  });
});

describe('the page of runs over time', () => {
  it('shows each verdict with a link, each SLO against its line, and what could not be read', () => {
    const text = page(onDay(1, sampleResult()), onDay(2, variants.failed()), onDay(3, variants.uncleaned()));
    expect(text).toContain('<title>3 runs of 1 scenario</title>');
    expect(text.match(/href="\.\/day-\d\/report\.html" aria-label/g)).toHaveLength(3);
    // A fault that may still be active is worse than any verdict.
    expect(text).toContain('not proven to be put back');
    expect(text.match(/class="drift trend"/g)).toHaveLength(sampleResult().slos.flatMap(({ parts }) => parts).length);
    expect(renderTrends([], ['x: it is cut short'])).toContain('x: it is cut short');
  });

  it('keeps to the newest runs, gives the same bytes, and is made of any run', () => {
    const many = Array.from({ length: 200 }, (_, day) => {
      const result = onDay(1, sampleResult());
      const startedAt = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
      return { ...result, run: { ...result.run, id: `run-${day}`, startedAt } };
    });
    const text = page(...many);
    expect(text).toBe(page(...many.toReversed()));
    expect(text.match(/aria-label="passed, run-/g)?.length ?? text.match(/aria-label="failed, run-/g)?.length).toBe(60);
    expect(text).toContain('run-199');
    expect(text).not.toContain('run-139"');
    expect(text.length).toBeLessThan(500_000);
    expect(page(...Object.values(variants).map((make, day) => onDay(day + 1, make())))).not.toMatch(
      /NaN|undefined|Infinity/,
    );
  });
});

describe('plimsoll trend', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-trend-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const trend = async (...argv: string[]) =>
    execa(process.execPath, [resolve('dist/cli.js'), 'trend', ...argv], { cwd: folder, reject: false });

  it('reads a folder, leaves out what it cannot read and says so, and writes the page', async () => {
    for (const [day, result] of [
      [1, sampleResult()],
      [2, variants.failed()],
    ] as const) {
      mkdirSync(join(folder, `runs/r${day}`), { recursive: true });
      writeFileSync(join(folder, `runs/r${day}/result.json`), JSON.stringify(onDay(day, result)));
      writeFileSync(join(folder, `runs/r${day}/report.html`), '');
    }
    mkdirSync(join(folder, 'runs/broken'));
    writeFileSync(join(folder, 'runs/broken/result.json'), '{');
    mkdirSync(join(folder, 'runs/no-run'));
    const { exitCode, stdout, stderr } = await trend('runs', '--html', 'pages/trend.html');
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^shop: \d of 2 passed {2}[✓✗?]{2}$/m);
    expect(stderr).toMatch(/left out broken: /);
    const text = await readFile(join(folder, 'pages/trend.html'), 'utf8');
    expect(text).toContain('href="./../runs/r1/report.html"');
    expect(text).toContain('1 run could not be read');
  });

  it('says so when there is nothing to show', async () => {
    for (const argv of [['nowhere'], ['runs', '--scenario', 'another']]) {
      const { exitCode, stderr } = await trend(...argv);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/error\[no_runs\] there is no run/);
    }
    expect((await trend('runs', '--html', 'runs/r1/result.json/trend.html')).stderr).toMatch(/error\[bad_output\]/);
  });
});

describeWith(['chromium'], 'the page of runs over time in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  it('keeps to its policy, whatever the names hold, fits a phone, and has no accessibility violation', async () => {
    const html = page(variants.hostile(), onDay(1, sampleResult()), onDay(2, variants.uncleaned()));
    await expectSoundPage(browser, { html, title: '3 runs of 2 scenarios' });
  });
});
