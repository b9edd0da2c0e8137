import { validate } from 'ctrf';
import { describe, expect, it } from 'vitest';
import { ctrfReport } from '../../src/reporters/ctrf.js';
import { sampleResult, variants } from '../support/sample-result.js';

interface Report {
  results: {
    summary: Record<string, number>;
    tests: { name: string; status: string; rawStatus: string; message?: string }[];
  };
}

const reportOf = (...of: Parameters<typeof ctrfReport>): Report =>
  JSON.parse(JSON.stringify(ctrfReport(...of))) as Report;

describe('CTRF', () => {
  it.each(Object.entries({ passed: sampleResult, ...variants }))('keeps to its own schema: %s', (_, make) => {
    const { valid, errors } = validate(reportOf(make()));
    expect(errors).toEqual([]);
    expect(valid).toBe(true);
  });

  it('would see what the schema does not allow', () => {
    const report = reportOf(sampleResult());
    report.results.tests[0]!.status = 'inconclusive';
    expect(validate(report).valid).toBe(false);
  });

  it('counts what it lists, and calls what broke around the run neither passed nor failed', () => {
    const { summary, tests } = reportOf(variants.errored()).results;
    const count = (status: string): number => tests.filter((test) => test.status === status).length;
    expect(summary).toMatchObject({
      tests: tests.length,
      passed: count('passed'),
      failed: count('failed'),
      skipped: count('skipped'),
      other: count('other'),
    });
    expect(count('other')).toBeGreaterThan(0);
    const { tests: failed } = reportOf(variants.failed()).results;
    expect(failed.filter(({ status }) => status === 'failed').map(({ name }) => name)).toEqual([
      'checkout p95: drift from baseline to fault',
    ]);
  });
});
