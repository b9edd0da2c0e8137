import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendToLedger, readLedger, type LedgerEntry } from '../../src/record/budget-ledger.js';
import { identityOf, isAlive } from '../../src/targets/process.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-ledger-'));
  file = join(folder, 'deep', 'budget.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const owner = { identity: identityOf(process.pid)!, isAlive };
const usage = (id: string): LedgerEntry => ({
  v: 1,
  id,
  at: '2026-03-01T00:00:00Z',
  budget: 'shop',
  kind: 'usage',
  from: '2026-02-28T00:00:00Z',
  to: '2026-03-01T00:00:00Z',
  bad: 3,
  total: 1000,
});

describe('a budget ledger', () => {
  it('is empty where there is none, and holds what was written, each id once', async () => {
    expect(readLedger(file)).toEqual({ entries: [], damaged: [] });
    expect(await appendToLedger(file, [usage('a'), usage('b')], owner)).toHaveLength(2);
    expect(await appendToLedger(file, [usage('b'), usage('c')], owner)).toEqual([usage('c')]);
    expect(readLedger(file).entries.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('names damaged lines, goes on behind them, and never loses them', async () => {
    await appendToLedger(file, [usage('a')], owner);
    appendFileSync(file, '{"v":1,"id":"to');
    await appendToLedger(file, [usage('b')], owner);
    appendFileSync(file, '{"v":2,"id":"x"}\n{"v":1,"id":"y","kind":"usage"}\n');
    await appendToLedger(file, [usage('c')], owner);
    const { entries, damaged } = readLedger(file);
    expect(entries.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(damaged.map(({ line }) => line)).toEqual([2, 4, 5]);
    expect(damaged[1]?.problem).toMatch(/format version 2/);
    expect(readFileSync(file, 'utf8')).toContain('{"v":1,"id":"to\n');
  });

  it('refuses an entry that has not its form before anything is written', async () => {
    await expect(appendToLedger(file, [{ ...usage('a'), bad: -1 } as LedgerEntry], owner)).rejects.toThrow();
    expect(existsSync(file)).toBe(false);
  });

  it('takes over the lock of a process that is gone, and waits for one that lives', async () => {
    await appendToLedger(file, [usage('a')], owner);
    writeFileSync(`${file}.lock`, JSON.stringify({ pid: process.pid, startTime: 1, bootId: 'another' }));
    await appendToLedger(file, [usage('b')], owner);
    writeFileSync(`${file}.lock`, JSON.stringify(owner.identity));
    await expect(appendToLedger(file, [usage('c')], { ...owner, waitMs: 100 })).rejects.toMatchObject({
      code: 'ledger_locked',
    });
    expect(readLedger(file).entries).toHaveLength(2);
  });

  it('keeps the entries of several processes that write at once', async () => {
    const script = resolve('test/record/ledger-writer.js');
    const writers = [0, 1, 2].map(
      (k) =>
        new Promise<number | null>((settle) => {
          const child = spawn(process.execPath, [script, file, `w${k}`, '15'], {
            stdio: ['ignore', 'ignore', 'inherit'],
          });
          child.once('close', settle);
        }),
    );
    expect(await Promise.all(writers)).toEqual([0, 0, 0]);
    const { entries, damaged } = readLedger(file);
    expect(damaged).toEqual([]);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(45);
  });
});
