import { describe, expect, it } from 'vitest';
import { escapeMarkdown, markdownSummary } from '../../src/reporters/markdown-text.js';
import { ATTACKS, sampleResult, variants } from '../support/sample-result.js';

describe('the Markdown summary', () => {
  it('says first whether it held and why, with the worst SLO first', () => {
    const text = markdownSummary(variants.failed(), 'reports/x/report.html');
    expect(text.split('\n')[0]).toBe('### ❌ FAILED: payment-slow');
    expect(text.split('\n')[2]).toMatch(/^checkout p95 rose from 41 to 196 ms \(\+155 ms/);
    expect(text.indexOf('| checkout p95')).toBeLessThan(text.indexOf('| availability'));
    expect(text).toContain('−0.02\u00A0pp (tolerance −0.1\u00A0pp)');
    expect(text).toContain('report: `reports/x/report.html`');
  });

  it('raises the alarm about what was not put back', () => {
    expect(markdownSummary(variants.uncleaned())).toContain('> [!CAUTION]');
    expect(markdownSummary(variants.uncleaned())).toContain('curl -X DELETE');
    expect(markdownSummary(sampleResult())).not.toContain('CAUTION');
  });

  it.each(Object.keys(variants) as (keyof typeof variants)[])('keeps its table whole: %s', (key) => {
    const text = markdownSummary(variants[key]());
    const cells = text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.replaceAll(String.raw`\|`, '').split('|').length);
    expect(new Set(cells).size).toBeLessThanOrEqual(1);
    expect(text.length).toBeLessThan(60_000);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('lets no name be more than text', () => {
    for (const attack of [
      ...ATTACKS,
      '@everyone',
      '![x](https://e.x/p.png)',
      '[a](javascript:1)',
      'www.evil.example',
      '# h',
    ]) {
      const text = escapeMarkdown(attack, 300);
      expect(text).not.toMatch(/<|>|@|:\/\/|www\.|\n|(?<!\\)[[\]`*|]/);
      expect(text.length).toBeLessThan(2500);
    }
  });
});
