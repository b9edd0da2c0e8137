import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { deadlines } from '../../examples/shop/src/shared/deadlines.js';
import { defects } from '../../examples/shop/src/shared/defects.js';
import { Journal } from '../../examples/shop/src/shared/journal.js';
import { RecentIds } from '../../examples/shop/src/shared/recent-ids.js';
import { continueTrace } from '../../examples/shop/src/shared/trace.js';

describe('a journal', () => {
  const Entry = z.object({ n: z.number() });
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shop-journal-'));
    file = join(folder, 'j.ndjson');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives back what an earlier life wrote', () => {
    const first = Journal.open(file, Entry);
    expect(first.entries).toEqual([]);
    first.journal.append({ n: 1 });
    first.journal.append({ n: 2 });
    expect(Journal.open(file, Entry).entries).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('drops the torn line that a kill leaves, and goes on behind the last whole one', () => {
    Journal.open(file, Entry).journal.append({ n: 1 });
    appendFileSync(file, '{"n":');
    const { journal, entries } = Journal.open(file, Entry);
    expect(entries).toEqual([{ n: 1 }]);
    journal.append({ n: 2 });
    expect(readFileSync(file, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });

  it('refuses a damaged file rather than forget what it owes', () => {
    appendFileSync(file, '{"n":1}\n{"m":2}\n');
    expect(() => Journal.open(file, Entry)).toThrow();
  });

  it('forgets what is settled when it has grown long, and only then', () => {
    const { journal } = Journal.open(file, Entry);
    journal.append({ n: 0 });
    journal.compactWhenLong(() => []);
    expect(readFileSync(file, 'utf8')).not.toBe('');
    for (let n = 1; n < 200_000; n++) journal.append({ n });
    journal.compactWhenLong(() => [{ n: 7 }]);
    journal.append({ n: 8 });
    expect(readFileSync(file, 'utf8')).toBe('{"n":7}\n{"n":8}\n');
    expect(Journal.open(file, Entry).entries).toEqual([{ n: 7 }, { n: 8 }]);
  });
});

describe('recent ids', () => {
  it('remembers the last generation in full and at most two', () => {
    const ids = new RecentIds(3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) ids.add(id);
    expect(['a', 'b', 'c', 'd', 'e'].every((id) => ids.has(id))).toBe(true);
    ids.add('f');
    expect(['d', 'e', 'f'].every((id) => ids.has(id))).toBe(true);
    expect(ids.has('a')).toBe(false);
  });
});

describe('deadlines', () => {
  it.each(['', 'no-bulkhead', 'no-deadline'])('let a caller wait longer than the one it calls (%s)', (names) => {
    const { paymentMs, orderMs } = deadlines(defects(names));
    expect(orderMs).toBeGreaterThan(paymentMs);
  });

  it('are 200 ms to payment, unless a defect says otherwise', () => {
    expect(deadlines(defects('')).paymentMs).toBe(200);
    expect(deadlines(defects('no-fallback')).paymentMs).toBe(200);
    expect(deadlines(defects('no-bulkhead, no-fallback')).paymentMs).toBe(2_000);
    expect(deadlines(defects('no-deadline')).paymentMs).toBe(5_000);
  });
});

describe('a trace', () => {
  it('goes on with the id of the caller and a new span', () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const trace = continueTrace(parent);
    expect(trace.id).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(trace.parent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(trace.parent).not.toBe(parent);
  });

  it.each([
    undefined,
    '',
    '00-zz-b7ad6b7169203331-01',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ])('begins anew for %j', (parent) => {
    const trace = continueTrace(parent);
    expect(trace.id).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.id).not.toBe('0af7651916cd43dd8448eb211c80319c');
    expect(continueTrace(trace.parent).id).toBe(trace.id);
  });
});
