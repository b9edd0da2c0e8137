import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRunDirectory, type RunDirectory } from '../../src/record/run-directory.js';
import { judgeAgain } from '../../src/result/judge-again.js';
import { loadRun } from '../../src/result/load-run.js';
import { parseResult } from '../../src/result/migrate.js';
import { RunResult } from '../../src/result/schema.js';
import { generateRun, p95Slo, undoRecord } from './generated-run.js';

let root: string;
let whole: string;
let directory: RunDirectory;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'plimsoll-killed-'));
  whole = join(root, 'whole');
  // Small, since it is folded many times over: 10/s, of which each is judged all the same.
  generateRun({ folder: whole, rate: 10, baselineS: 6, faultS: 6, recoveryS: 4 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  const folder = mkdtempSync(join(root, 'run-'));
  for (const name of ['events.ndjson', 'arrivals.bin']) copyFileSync(join(whole, name), join(folder, name));
  directory = openRunDirectory(folder);
});

/** What must hold for every result of a run that has no end. */
function check(result: RunResult, withEnd: boolean): void {
  expect(RunResult.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  for (const { scheduled, outcomes } of result.ledger) {
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(scheduled);
  }
  if (withEnd) return;
  expect(result.run.complete).toBe(false);
  expect(['aborted', 'inconclusive', 'failed', 'errored']).toContain(result.verdict);
  expect(result.exitCode).not.toBe(0);
  const [fault] = result.faults;
  if (fault?.requestedS != null && fault.undoProof === null) expect(result.exitCode).toBe(4);
}

describe('a killed run', () => {
  it('has a result wherever its event log ends, and it is never passed', () => {
    const bytes = readFileSync(directory.events);
    const ends = [...bytes.keys()].filter((at) => bytes[at] === 10);
    expect(ends.length).toBeGreaterThan(50);
    const verdicts = new Set<string>();
    for (const [k, end] of ends.entries()) {
      // After each line, and in the middle of the next one.
      for (const cut of k % 5 === 0 ? [end + 1, Math.min(bytes.length - 1, end + 30)] : [end + 1]) {
        writeFileSync(directory.events, bytes.subarray(0, cut));
        const result = loadRun(directory);
        check(result, cut === bytes.length);
        verdicts.add(`${result.verdict} ${result.exitCode}`);
      }
    }
    expect(verdicts).toContain('aborted 4');
    expect(verdicts).toContain('aborted 3');
  });

  it('has a result wherever its arrivals file ends', () => {
    const bytes = readFileSync(directory.arrivals);
    for (let cut = 0; cut < bytes.length; cut += 149) {
      writeFileSync(directory.arrivals, bytes.subarray(0, cut));
      const result = loadRun(directory);
      check(result, true);
      // The log says that the run came to its end, so what is missing is an error.
      expect(result.verdict).toBe('errored');
    }
    unlinkSync(directory.arrivals);
    expect(loadRun(directory)).toMatchObject({ verdict: 'errored', exitCode: 3 });
    expect(
      loadRun(directory)
        .warnings.map(({ message }) => message)
        .join(),
    ).toContain('is missing');
    expect(() => judgeAgain(directory)).toThrow(/no recorded arrivals/);
  });

  it('survives any damage to both files: a result, or an error that says what is wrong', () => {
    const events = readFileSync(directory.events);
    const arrivals = readFileSync(directory.arrivals);
    const edit = fc.tuple(fc.nat(1e9), fc.nat(60), fc.uint8Array({ maxLength: 20 }));
    const damaged = (bytes: Buffer, edits: [number, number, Uint8Array][]): Buffer =>
      edits.reduce((whole: Buffer, [where, cut, insert]) => {
        const at = where % (whole.length + 1);
        return Buffer.concat([whole.subarray(0, at), insert, whole.subarray(at + cut)]);
      }, bytes);
    let results = 0;
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), fc.array(edit, { maxLength: 3 }), (first, second) => {
        writeFileSync(directory.events, damaged(events, first));
        writeFileSync(directory.arrivals, damaged(arrivals, second));
        try {
          const result = loadRun(directory);
          results++;
          check(result, true);
          const touched = first.concat(second).some(([, cut, insert]) => cut > 0 || insert.length > 0);
          if (result.verdict === 'passed' && touched) expect(result.warnings.length).toBeGreaterThan(0);
        } catch (error) {
          if ((error as Error).name !== 'PlimsollError') throw error;
          expect(error).toMatchObject({ code: 'newer_format' });
        }
      }),
      { numRuns: 120, seed: 5 },
    );
    expect(results).toBeGreaterThan(110);
  });

  it('takes the undo commands from the journal, and what the watchdog has done since', () => {
    const lines = readFileSync(directory.events, 'utf8').split('\n');
    const injected = lines.findIndex((line) => line.includes('"fault.injected"'));
    writeFileSync(directory.events, `${lines.slice(0, injected + 1).join('\n')}\n`);
    const note = (line: object): string => `${JSON.stringify({ v: 1, ...line })}\n`;
    writeFileSync(directory.journal, note({ type: 'will-undo', record: undoRecord }));
    expect(loadRun(directory).cleanup).toMatchObject({ proven: false, byHand: [undoRecord.byHand] });
    writeFileSync(
      directory.journal,
      `torn\n${note({ type: 'will-undo', record: undoRecord })}${note({ type: 'undone', id: 'f1/1', by: 'watchdog' })}`,
    );
    const { cleanup, faults, exitCode } = loadRun(directory);
    expect(faults[0]?.undo).toMatchObject([{ state: 'done' }]);
    expect(cleanup.sentence).toContain('undone after the harness died, but not proven to be gone');
    expect(exitCode).toBe(4);
  });

  it('believes what the watchdog saw when it looked after its undo', () => {
    const lines = readFileSync(directory.events, 'utf8').split('\n');
    const injected = lines.findIndex((line) => line.includes('"fault.injected"'));
    writeFileSync(directory.events, `${lines.slice(0, injected + 1).join('\n')}\n`);
    const { t0Us } = JSON.parse(lines[0] ?? '') as { t0Us: number };
    const note = (line: object): string => `${JSON.stringify({ v: 1, ...line })}\n`;
    const seen = { finding: 'the toxic is not there any more', atUs: t0Us + 31_500_000 };
    writeFileSync(
      directory.journal,
      `${note({ type: 'will-undo', record: undoRecord })}${note({ type: 'undone', id: 'f1/1', by: 'watchdog', seen })}`,
    );
    const { cleanup, faults, exitCode, verdict } = loadRun(directory);
    expect(cleanup).toMatchObject({ proven: true, sentence: expect.stringMatching(/proven gone by 31\.5 s/) });
    expect(faults[0]?.undoProof).toMatchObject({ status: 'confirmed', finding: seen.finding });
    expect({ exitCode, verdict }).toEqual({ exitCode: 3, verdict: 'aborted' });
  });
});

describe('loadRun', () => {
  it('takes the stored result as it is, and the logs where that is damaged', () => {
    const stored = { ...loadRun(directory), sentence: 'as stored' };
    writeFileSync(directory.result, JSON.stringify(stored));
    expect(loadRun(directory)).toEqual(stored);
    truncateSync(directory.result, 1000);
    const folded = loadRun(directory);
    expect(folded.sentence).not.toBe('as stored');
    expect(folded.warnings[0]?.message).toContain('result.json is damaged');
    writeFileSync(directory.result, JSON.stringify({ ...stored, verdict: 'green' }));
    expect(loadRun(directory).warnings[0]?.message).toContain('verdict');
    unlinkSync(directory.events);
    expect(() => loadRun(directory)).toThrow(/verdict/);
  });

  it('refuses a newer result instead of folding its logs', () => {
    writeFileSync(directory.result, JSON.stringify({ schema: 99 }));
    expect(() => loadRun(directory)).toThrow(/schema version 99.*up to 1/);
    expect(() => parseResult({ schema: 0 })).toThrow(/never been a schema version 0/);
    for (const junk of [null, [], 'x', {}, { schema: '1' }])
      expect(() => parseResult(junk)).toThrow(/no schema version/);
  });

  it('still reads the oldest result there is', () => {
    const fixture = new URL('fixtures/result-v1.json', import.meta.url);
    expect(parseResult(JSON.parse(readFileSync(fixture, 'utf8')))).toMatchObject({
      schema: 1,
      run: { id: 'gen00001' },
    });
  });
});

describe('judgeAgain', () => {
  it('gives the stored verdicts again, and others with other SLOs', () => {
    const first = loadRun(directory);
    expect(judgeAgain(directory).slos).toEqual(first.slos);
    const strict = judgeAgain(directory, [
      p95Slo({ name: 'strict', tolerances: [], objective: { op: '<=', value: 0.05, during: 'fault' } }),
    ]);
    expect(strict.slos.map(({ name }) => name)).toEqual(['strict']);
    expect(existsSync(directory.result)).toBe(false);
  });
});
