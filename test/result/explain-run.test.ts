import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunDirectory } from '../../src/record/run-directory.js';
import { explainRun } from '../../src/result/explain-run.js';
import { judgeAgain } from '../../src/result/judge-again.js';
import { recalculate } from '../verdict/calculator.js';
import { generateRun, p95Slo, slo } from './generated-run.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-explain-'));
  generateRun({ folder, slos: [slo(), p95Slo({ recoverWithinS: 4 })] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('explaining a recorded run', () => {
  it('ends with the verdict of the run, by figures that can be recalculated', () => {
    const directory = openRunDirectory(folder);
    const result = judgeAgain(directory);
    expect(result.slos).toHaveLength(2);
    for (const { name, verdict } of result.slos) {
      const explanation = explainRun(directory, name);
      expect(explanation.verdict).toBe(verdict);
      expect(recalculate(explanation.parts.flatMap(({ chapters }) => chapters)).wrong).toEqual([]);
    }
  });

  it('refuses an unknown SLO and a run without arrivals', () => {
    expect(() => explainRun(openRunDirectory(folder), 'p99')).toThrow('has no SLO "p99"');
    rmSync(join(folder, 'arrivals.bin'));
    expect(() => explainRun(openRunDirectory(folder), 'p95')).toThrow('no recorded arrivals');
  });
});
