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

  it('that read its indicators elsewhere does not need the system any more', () => {
    const other = mkdtempSync(join(tmpdir(), 'plimsoll-sources-'));
    const gauge = (limit: number) =>
      slo({
        name: 'queue',
        indicator: {
          type: 'prometheus',
          source: 'queue',
          take: 'value',
          quantile: 0.5,
          unit: 'number',
          better: 'lower',
          everyS: 1,
        },
        indicatorText: 'value of queue',
        objective: { op: '<=', value: limit, during: 'fault' },
        tolerances: [{ type: 'relative', value: 0.5 }],
      });
    const counter = slo({
      name: 'errors',
      indicator: { type: 'log', source: 'errors', take: 'rate', better: 'lower' },
      objective: { op: '<=', value: 5, during: 'fault' },
    });
    generateRun({
      folder: other,
      slos: [gauge(12), counter],
      event(type, body, atUs, log) {
        if (type !== 'second' || !(body as { final: boolean }).final) return;
        const k = atUs / 1e6;
        const value = (k < 24 ? 10 : 11) + Math.sin(2.5 * k);
        log('source.sample', { source: 'queue', atUs, sample: { kind: 'value', value } }, atUs);
        log(
          'source.sample',
          { source: 'errors', atUs, sample: { kind: 'lines', matched: Math.floor(k), of: 0 } },
          atUs,
        );
      },
    });
    const directory = openRunDirectory(other);
    const result = judgeAgain(directory);
    expect(result.slos.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['queue', 'passed'],
      ['errors', 'passed'],
    ]);
    expect(judgeAgain(directory, [gauge(10.5)]).slos[0]?.verdict).toBe('failed');
    for (const { name } of result.slos) {
      const explanation = explainRun(directory, name);
      expect(explanation.verdict).toBe('passed');
      const { checked, wrong } = recalculate(explanation.parts.flatMap(({ chapters }) => chapters));
      expect(wrong).toEqual([]);
      expect(checked).toBeGreaterThan(3);
    }
    rmSync(other, { recursive: true, force: true });
  });

  it('refuses an unknown SLO and a run without arrivals', () => {
    expect(() => explainRun(openRunDirectory(folder), 'p99')).toThrow('has no SLO "p99"');
    rmSync(join(folder, 'arrivals.bin'));
    expect(() => explainRun(openRunDirectory(folder), 'p95')).toThrow('no recorded arrivals');
  });
});
