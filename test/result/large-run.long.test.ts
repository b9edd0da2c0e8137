import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunDirectory } from '../../src/record/run-directory.js';
import { foldRun } from '../../src/result/fold.js';
import { readRecords } from '../../src/result/load-run.js';
import { writeLargeRun } from './large-run.js';

let folder: string;
let count: number;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-large-'));
  count = writeLargeRun(folder, 20_000);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run of a million arrivals', () => {
  it('is folded within 250 MB and ten seconds', () => {
    const beforeBytes = process.resourceUsage().maxRSS * 1024;
    const records = readRecords(openRunDirectory(folder));
    const startedMs = performance.now();
    const result = foldRun(records);
    const tookMs = performance.now() - startedMs;
    const peakBytes = process.resourceUsage().maxRSS * 1024 - beforeBytes;
    console.log(
      `${count} arrivals: folded in ${Math.round(tookMs)} ms, ${Math.round(peakBytes / 1e6)} MB above the ${Math.round(beforeBytes / 1e6)} MB before`,
    );
    expect(count).toBeGreaterThan(1_000_000);
    expect(result).toMatchObject({ verdict: 'passed', warnings: [] });
    expect(result.ledger[0]).toMatchObject({ scheduled: count, outcomes: { ok: count } });
    expect(JSON.stringify(result).length).toBeLessThan(500_000);
    expect(peakBytes).toBeLessThan(250e6);
    expect(tookMs).toBeLessThan(10_000);
  });
});
