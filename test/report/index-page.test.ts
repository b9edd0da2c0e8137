import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderIndex } from '../../src/html/index-page.js';
import { ordersFor } from '../../src/commands/run-index.js';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { expectSoundPage } from '../support/page-check.js';
import { sampleResult, variants } from '../support/sample-result.js';

const entries = () =>
  [sampleResult(), variants.inconclusive(), variants.failed(), variants.empty(), variants.uncleaned()].map(
    (result, k) => ({
      result: { ...result, run: { ...result.run, scenario: { ...result.run.scenario, name: `scenario ${k}` } } },
      report: `run-${k}/report.html`,
    }),
  );

describe('the index of several runs', () => {
  it('lists the worst first, each with its verdict, sentence, link and timeline', () => {
    const text = renderIndex(entries());
    const order = [...text.matchAll(/>(scenario \d)</g)].map(([, name]) => name);
    expect(order).toEqual(['scenario 4', 'scenario 2', 'scenario 3', 'scenario 1', 'scenario 0']);
    expect(text).toContain('<title>5 scenarios: 1 failed, 1 errored, 1 inconclusive, 2 passed</title>');
    expect(text).toContain('href="./run-2/report.html"');
    expect(text.match(/class="line p95"/g)).toHaveLength(4);
    expect(text).toContain('no arrival was recorded');
    expect(text).toContain('Not proven to be put back.');
  });

  it('gives the same bytes for the same runs, and none for a link that is none', () => {
    expect(renderIndex(entries())).toBe(renderIndex(entries()));
    const [first] = entries();
    expect(renderIndex([{ ...first!, report: 'javascript:alert(1)' }])).toContain('href="./javascript%3Aalert(1)"');
    expect(renderIndex([{ result: variants.hostile() }])).not.toContain('href=');
    expect(renderIndex([])).toContain('0 scenarios: none was run');
  });

  it('stays small: a hundred runs are under 2 MB', () => {
    const many = Array.from({ length: 100 }, () => entries()[2]!);
    expect(renderIndex(many).length).toBeLessThan(2_000_000);
  });
});

describe('files of several runs', () => {
  it('get the name of their scenario, so that none overwrites another', () => {
    const orders = [
      { name: 'junit', path: 'out/j.xml' },
      { name: 'html', path: undefined },
    ];
    expect(ordersFor(orders, 'a/b c', true).map(({ path }) => path)).toEqual(['out/j-a-b-c.xml', undefined]);
    expect(ordersFor(orders, 'a', false)).toEqual(orders);
  });
});

describeWith(['chromium'], 'the index in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  it('keeps to its own policy, fits a phone, and has no accessibility violation in either theme', async () => {
    const html = renderIndex([...entries(), { result: variants.hostile() }]);
    await expectSoundPage(browser, { html, title: '6 scenarios: 2 failed, 1 errored, 1 inconclusive, 2 passed' });
  });
});
