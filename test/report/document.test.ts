import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/html/document.js';
import { OUTCOMES } from '../../src/record/outcomes.js';
import { RunResult } from '../../src/result/schema.js';
import { longResult, sampleResult, variants } from '../support/sample-result.js';

const KB = 1000;

describe('the sample results', () => {
  it.each(Object.entries({ passed: sampleResult, ...variants }))('fit the schema and add up: %s', (_, make) => {
    const result = RunResult.parse(make());
    for (const row of result.ledger) {
      expect(Object.values(row.outcomes).reduce((sum, count) => sum + count, 0)).toBe(row.scheduled);
    }
  });
});

describe('the report', () => {
  it('is the same for the same result, byte by byte', () => {
    expect(renderReport(sampleResult())).toBe(renderReport(sampleResult()));
    expect(renderReport(sampleResult(8))).not.toBe(renderReport(sampleResult()));
  });

  it.each(Object.entries({ passed: sampleResult, ...variants }))('is one whole document for %s', (_, make) => {
    const page = renderReport(make());
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page.trimEnd().endsWith('</html>')).toBe(true);
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page.match(/<style>/g)).toHaveLength(1);
    expect(page).not.toMatch(/ style="/);
    expect(page).not.toMatch(/>(?:NaN|Infinity|undefined|null|\[object Object\])</);
  });

  it('allows by hash its own style and script and nothing else', () => {
    const page = renderReport(sampleResult());
    const hashOf = (tag: string): string => {
      const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)?.[1] ?? '';
      return createHash('sha256').update(text).digest('base64');
    };
    const policy = /Content-Security-Policy"\s+content="([^"]+)"/.exec(page)?.[1]?.replaceAll('&#39;', "'");
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${hashOf('style')}'; script-src 'sha256-${hashOf('script')}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  it('shows repeated trials one by one and together, and what an early decision saved', () => {
    expect(renderReport(sampleResult())).not.toContain('Repeated trials');
    const result = sampleResult();
    const slo = result.slos.find(({ parts }) => parts.some((part) => part.part === 'tolerance'))!;
    const part = slo.parts.find((one) => one.part === 'tolerance')!;
    slo.worse = 'up';
    part.unit = 'seconds';
    part.trials = {
      drifts: [
        { trial: 1, drift: 0.15, low: 0.14, high: 0.16 },
        { trial: 2, drift: 0.17, low: 0.16, high: null },
      ],
      mean: { value: 0.16, low: 0.11, high: 0.21 },
      heterogeneity: 0.27,
      prediction: { value: 0.16, low: 0.02, high: 0.3 },
    };
    const window = (kind: 'baseline' | 'fault', trial: number, startS: number) => ({
      window: kind,
      trial,
      startS,
      endS: startS + 20,
    });
    result.windows = [
      window('baseline', 1, 0),
      window('fault', 1, 21),
      window('fault', 2, 60),
      window('baseline', 2, 90),
    ];
    result.looks = [{ look: 1, of: 2, trials: 2, plannedTrials: 4, decided: true, savedS: 100 }];
    const section = /Repeated trials<[\s\S]*?<\/section>/.exec(renderReport(RunResult.parse(result)))?.[0] ?? '';
    const words = section
      .replaceAll('\u00A0', ' ')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');
    expect(words).toContain('decided early, after 2 of 4 trials: about 1m 40s saved');
    expect(words).toContain('1 baseline, fault +150 ms +140 ms … +160 ms');
    expect(words).toContain('2 fault, baseline +170 ms +160 ms … –');
    expect(words).toContain('Mean, as the trials differ +160 ms +110 ms … +210 ms');
    expect(words).toContain('A single fault to come +160 ms +20 ms … +300 ms');
    expect(words).toContain('27 % of the variation lies between the trials');
  });

  it('asks for nothing from anywhere', () => {
    const page = renderReport(sampleResult());
    expect(page).not.toMatch(/<(?:link|img|iframe|object|embed|audio|video|source)\b/);
    expect(page).not.toMatch(/(?:src|href|action|data|poster|srcset)="(?!#)/);
    expect(page).not.toMatch(/@import|url\((?!#)/);
  });

  it('answers first: verdict, why, what was broken, was it put back', () => {
    const page = renderReport(variants.failed());
    const order = [
      '>failed<',
      'Checkout p95 rose from 41 to 196\u00A0ms',
      'payment answers 150 ± 10 ms late',
      'Put back, and proven so',
      'id="slos"',
      'id="timeline"',
      'id="faults"',
    ];
    const places = order.map((text) => page.indexOf(text));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('puts a clean-up that is not proven above a passed verdict, and never in green', () => {
    const page = renderReport(variants.uncleaned());
    expect(page).toContain('<header class="verdict failed">');
    expect(page.indexOf('a fault may still be active')).toBeLessThan(page.indexOf('>passed<'));
    expect(page).toContain('curl -X DELETE http://127.0.0.1:8474/proxies/order-payment');
    expect(page).not.toContain('Put back, and proven so');
  });

  it('calls broken only what is proven to have taken effect', () => {
    expect(renderReport(variants.errored()).match(/<strong>(Not broken|Perhaps broken|Broken):/g)).toEqual([
      '<strong>Not broken:',
      '<strong>Not broken:',
    ]);
    expect(renderReport(sampleResult()).match(/<strong>(Not broken|Perhaps broken|Broken):/g)).toEqual([
      '<strong>Broken:',
      '<strong>Broken:',
    ]);
    const unproven = sampleResult();
    unproven.faults = unproven.faults.map((fault) => ({ ...fault, proof: null }));
    expect(renderReport(unproven)).toContain('<strong>Perhaps broken:');
    expect(renderReport(unproven)).not.toContain('<strong>Broken:');
  });

  it('says that a killed run is not whole, and that an empty one has nothing', () => {
    expect(renderReport(variants.killed())).toContain('The run was killed at 0:33');
    const silent = { ...variants.killed(), sentence: 'nothing was decided' };
    expect(renderReport(silent)).toContain('This run was killed.');
    expect(renderReport(sampleResult())).not.toContain('This run was killed.');
    expect(renderReport(variants.empty())).toContain('No arrival was recorded.');
  });

  it('keeps the first screen short with thirty SLOs and twenty faults, and shows the broken one first', () => {
    const base = variants.failed();
    const [availability, checkout] = base.slos;
    const passing = Array.from({ length: 29 }, (_, k) => ({ ...availability!, name: `service ${k}` }));
    const faults = Array.from({ length: 20 }, (_, k) => ({ ...base.faults[k % 2]!, id: `f${k + 1}` }));
    const doubtful = { ...faults[19]!, summary: 'the doubtful one', proof: null };
    const page = renderReport({ ...base, slos: [...passing, checkout!], faults: [...faults.slice(0, 19), doubtful] });
    const head = page.slice(page.indexOf('<header'), page.indexOf('</header>'));
    expect(head.match(/<li>/g)!.length).toBeLessThan(8);
    expect(head).toContain('the doubtful one');
    expect(head).toContain('16 more faults');
    expect(head).toContain('1 failed, 29 passed');
    expect(head).toMatch(/Over its line:[\s\S]*checkout p95[\s\S]*from 0:24, back at 0:45/);
    expect(page.indexOf('>checkout p95<')).toBeLessThan(page.indexOf('>service 0<'));
  });

  it('says once that nothing was broken, where no fault was ever injected', () => {
    const page = renderReport({ ...variants.empty(), verdict: 'aborted' });
    expect(page).toMatch(/Nothing was broken\.<\/strong> 2 faults[\s\S]*never injected/);
    expect(page).not.toContain('Put back, and proven so');
  });

  it('shows no figure for a window that never came', () => {
    const base = variants.inconclusive();
    const [availability] = base.slos;
    const { baseline } = availability!.windows;
    const nothing = {
      ...availability!,
      windows: { baseline },
      parts: availability!.parts.map((part) => ({
        ...part,
        n: { ...part.n, fault: 0 },
        estimate: { value: 1, low: 0, high: 1 },
      })),
    };
    const page = renderReport({ ...base, slos: [nothing] });
    const row = page.slice(page.indexOf('<tbody'), page.indexOf('</tbody>'));
    expect(row.match(/no data/g)).toHaveLength(2);
    expect(row).not.toContain('objective 100');
  });

  it('says when a ledger does not add up', () => {
    const result = sampleResult();
    expect(renderReport(result)).toContain('All rows add up.');
    result.ledger[0]!.scheduled++;
    expect(renderReport(result)).toContain('1 rows do NOT add up.');
  });

  it('carries the whole result, readable again', () => {
    const result = sampleResult();
    const json = /aria-label="Result as JSON"\s*>([\s\S]*?)<\/pre/.exec(renderReport(result))?.[1] ?? '';
    const text = json
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    expect(RunResult.parse(JSON.parse(text))).toEqual(result);
  });

  it('holds names of ten thousand characters short', () => {
    expect(renderReport(variants.hostile())).not.toMatch(/x{3000}/);
  });

  it('stays under 500 KB for 30 minutes at 1,000/s in each of two streams', () => {
    const result = longResult();
    expect(result.series.map(({ scheduled }) => scheduled.length)).toEqual([1802, 1802]);
    expect(renderReport(result).length).toBeLessThan(500 * KB);
    // The worst that can happen: each outcome in every second, and gaps everywhere.
    const worst = {
      ...result,
      series: result.series.map((series) => ({
        ...series,
        outcomes: Object.fromEntries(
          OUTCOMES.map((outcome, at) => [outcome, series.scheduled.map((n, k) => (at + k) % 7)]),
        ),
        p99S: series.p99S.map((value, k) => (k % 5 === 0 ? null : value)),
      })),
    };
    expect(renderReport(worst).length).toBeLessThan(500 * KB);
  });
});
