import { describe, expect, it } from 'vitest';
import { summary } from '../../src/reporters/summary.js';
import { widthOf } from '../../src/reporters/text.js';
import { sampleResult, variants } from '../support/sample-result.js';

const report = '/runs/payment-slow/report.html';
const linesOf = (text: string): string[] => text.trimEnd().split('\n');

describe('the summary', () => {
  it('says the verdict and why in its first line, and where the report is in its last', () => {
    const lines = linesOf(summary(variants.failed(), { report }));
    expect(lines[0]).toMatch(/^✗ FAILED payment-slow: checkout p95 rose from 41 to 196 ms \(\+155 ms, 95 % sure/);
    expect(lines.at(-1)).toBe(`Report: ${report}`);
  });

  it.each([
    ['passed', sampleResult, '✓ PASSED'],
    ['failed', variants.failed, '✗ FAILED'],
    ['inconclusive', variants.inconclusive, '? INCONCLUSIVE'],
    ['errored', variants.errored, '! ERRORED'],
    ['aborted', variants.aborted, '■ ABORTED'],
  ] as const)('has a word and a sign for %s', (_, make, start) => {
    expect(summary(make(), { report }).startsWith(start)).toBe(true);
  });

  it.each(Object.entries({ passed: sampleResult, ...variants }))(
    'fits 80 columns between first and last line: %s',
    (_, make) => {
      const lines = linesOf(summary(make(), { report }));
      const byHand = /^ {6}\S/;
      for (const line of lines.slice(1, -1)) {
        // Commands to copy are never broken.
        if (!byHand.test(line)) expect(widthOf(line), line).toBeLessThanOrEqual(80);
      }
    },
  );

  it('shows a value and a verdict for each SLO, and the reason of what did not pass', () => {
    const text = summary(variants.failed(), { report });
    expect(text).toMatch(/✗ checkout p95 +41 ms +196 ms +45 ms {2}failed\n/);
    expect(text).toMatch(/\? browse p99 .*inconclusive \(warning\)\n {4}1,483 arrivals/);
    expect(text).toMatch(/✓ nothing lost +held/);
  });

  it('says for each fault how it was proven and undone', () => {
    const text = summary(sampleResult(), { report });
    expect(text).toMatch(/f1 payment answers 150 ± 10 ms late/);
    expect(text).toMatch(/✓ effect: five pings took 151\.8 ms/);
    expect(text).toMatch(/✓ undone: no toxic is left/);
    expect(text).toMatch(/✓ Put back:/);
  });

  it('shouts when the clean-up is not proven, and prints the commands unbroken', () => {
    const text = summary(variants.uncleaned(), { report });
    expect(linesOf(text)[0]).toContain('NOT PROVEN TO BE PUT BACK');
    expect(text).toContain('✗ NOT PROVEN TO BE PUT BACK');
    expect(text).toContain(
      '      curl -X DELETE http://127.0.0.1:8474/proxies/order-payment/toxics/plimsoll-r7k2m9-f1\n',
    );
    expect(summary(sampleResult(), { report })).not.toContain('NOT PROVEN');
  });

  it('says that a killed run is only what its logs still tell', () => {
    expect(linesOf(summary(variants.killed(), { report }))[0]).toContain('the run was killed');
  });

  it('says that a fault was never injected instead of calling it undone', () => {
    const text = summary(variants.empty(), { report });
    expect(text).toContain('No SLO was judged.');
    expect(text).toContain('– effect: was never injected');
    expect(text).not.toContain('✓ effect');
  });

  it('lets no name steer the terminal', () => {
    expect(summary(variants.hostile(), { report })).not.toMatch(/[^\P{Cc}\n]/u);
    const coloured = summary(variants.hostile(), { report, colour: true });
    // Only our own colour codes are left.
    expect(coloured.replaceAll(/\p{Cc}\[(?:0|1|2|3[0-9])m/gu, '')).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
