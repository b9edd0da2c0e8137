import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderComparison } from '../../src/html/compare-page.js';
import { compareRuns } from '../../src/result/compare.js';
import type { RunResult } from '../../src/result/schema.js';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { expectSoundPage } from '../support/page-check.js';
import { sampleResult, variants } from '../support/sample-result.js';

const compared = (run: RunResult, baseline: RunResult): string =>
  renderComparison(compareRuns(run, baseline), { run, baseline });

/** The sample with its response times under fault so much longer. */
function slower(by: number): RunResult {
  const result = sampleResult();
  const slow = (column: readonly (number | null)[]) => column.map((value) => (value === null ? null : value * by));
  return {
    ...result,
    run: { ...result.run, id: 'slower' },
    series: result.series.map((series) => ({
      ...series,
      p50S: slow(series.p50S),
      p95S: slow(series.p95S),
      p99S: slow(series.p99S),
    })),
  };
}

describe('the page of a comparison', () => {
  it('says on its first screen whether it got worse, and shows each SLO of both runs with the difference', () => {
    const run = variants.failed();
    const baseline = sampleResult();
    const comparison = compareRuns(run, baseline);
    const text = renderComparison(comparison, { run, baseline });
    expect(text.indexOf('<h1')).toBeLessThan(text.indexOf('<h2'));
    expect(text).toContain(
      { passed: 'No worse than', failed: 'Worse than', inconclusive: 'Not decided' }[comparison.verdict],
    );
    for (const { name } of comparison.slos) expect(text).toContain(`>${name}<`);
    // A bar for each difference that has a margin, and none where nothing says how much worse it may be.
    const bars = comparison.slos.filter(({ margin, difference }) => margin !== null && difference.value !== null);
    expect(bars.length).toBeGreaterThan(0);
    expect(text.match(/class="drift /g)).toHaveLength(bars.length);
  });

  it('draws both timelines on one scale, whichever run was the slower', () => {
    /** The labels of the linear response time axis of each timeline. */
    const axes = (text: string): string[] =>
      text
        .split('id="distribution"')[0]!
        .split('<figure>')
        .slice(1)
        .map((drawn) =>
          drawn
            .split('class="on-log"')[0]!
            .match(/text-anchor="end">[^<]*s</g)!
            .join(),
        );
    for (const pages of [compared(slower(10), sampleResult()), compared(sampleResult(), slower(10))]) {
      const found = axes(pages);
      expect(found).toHaveLength(2 * sampleResult().series.length);
      for (let at = 0; at < found.length; at += 2) expect(found[at]).toBe(found[at + 1]);
    }
    const alone = axes(compared(sampleResult(), sampleResult()));
    expect(axes(compared(slower(10), sampleResult()))[0]).not.toBe(alone[0]);
  });

  it('gives the same bytes for the same runs, and is made of any two', () => {
    expect(compared(sampleResult(), slower(2))).toBe(compared(sampleResult(), slower(2)));
    for (const make of Object.values(variants)) {
      for (const text of [compared(make(), sampleResult()), compared(sampleResult(), make())]) {
        expect(text).not.toMatch(/NaN|undefined|Infinity/);
      }
    }
    const empty = compared(sampleResult(), variants.empty());
    expect(empty).toContain('It had no such stream.');
    expect(empty).toContain('cannot be compared');
  });
});

describeWith(['chromium'], 'the page of a comparison in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  it('keeps to its policy, whatever the names hold, fits a phone, and has no accessibility violation', async () => {
    for (const [run, baseline, title] of [
      [variants.hostile(), variants.hostile(), `passed: <img src=x onerror="document.title='owned'"> compared`],
      [variants.failed(), sampleResult(), 'passed: payment-slow compared'],
    ] as const) {
      await expectSoundPage(browser, { html: compared(run, baseline), title });
    }
  });
});
