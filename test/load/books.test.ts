import { describe, expect, test } from 'vitest';
import { assertBalanced, outcomeByte } from '../../src/load/ledger.js';
import { SecondAggregates } from '../../src/load/second-aggregates.js';
import { StreamBook } from '../../src/load/stream-book.js';
import { OUTCOMES } from '../../src/record/outcomes.js';
import { openStream, request } from '../truth/experiment.js';

const OK = outcomeByte('ok');

describe('ledger', () => {
  test('an arrival without an outcome, or with two, is found', () => {
    const balanced = { stream: 's', scheduled: 3, outcomes: { ok: 2, timeout: 1 } };
    expect(() => assertBalanced(balanced)).not.toThrow();
    for (const outcomes of [{ ok: 2 }, { ok: 3, reset: 1 }]) {
      expect(() => assertBalanced({ ...balanced, outcomes })).toThrow(
        expect.objectContaining({ code: 'ledger_unbalanced' }),
      );
    }
  });

  test('the book of a stream refuses to close with an open arrival', () => {
    const book = new StreamBook(openStream([request('http://127.0.0.1:1')]), 0);
    const ending = { index: 0, dueUs: 0, responseUs: 5, serviceUs: 4, status: 200, outcome: 'ok' as const, request: 0 };
    book.issued(0, 1);
    expect(() => book.close()).toThrow(expect.objectContaining({ code: 'ledger_unbalanced' }));
    book.ended(ending);
    expect(book.close()).toEqual({ stream: 'open', scheduled: 1, outcomes: { ok: 1 } });
    book.ended(ending);
    expect(() => book.close()).toThrow(expect.objectContaining({ code: 'ledger_unbalanced' }));
  });

  test('chunks hold every arrival once, however many there are', () => {
    const book = new StreamBook(openStream([request('http://127.0.0.1:1')]), 3);
    const endings = Array.from({ length: 5000 }, (_, index) => ({
      index,
      dueUs: index * 100.5,
      responseUs: index,
      serviceUs: -1,
      status: index % 600,
      outcome: OUTCOMES[index % OUTCOMES.length] ?? 'ok',
      request: index % 255,
    }));
    for (const ending of endings) {
      book.issued(ending.dueUs, 0);
      book.ended(ending);
    }
    const chunk = book.takeChunk();
    expect(chunk?.stream).toBe(3);
    expect(Array.from(chunk?.columns.index ?? [])).toEqual(endings.map(({ index }) => index));
    expect(Array.from(chunk?.columns.dueUs ?? [])).toEqual(endings.map(({ dueUs }) => dueUs));
    expect(Array.from(chunk?.columns.request ?? [])).toEqual(endings.map(({ request }) => request));
    expect(book.takeChunk()).toBeUndefined();
  });
});

describe('seconds', () => {
  test('are told when they have passed, and again when the last arrival has ended', () => {
    const seconds = new SecondAggregates('s', 5e6);
    for (let i = 0; i < 100; i++) {
      seconds.issued(i * 10_000, 500);
      if (i < 99) seconds.ended(i * 10_000, OK, (i + 1) * 1000, 900);
    }
    seconds.issued(1_200_000, 0);
    const [first, ...none] = seconds.report(1_004_000, 1);
    expect(none).toEqual([]);
    expect(first).toMatchObject({ stream: 's', second: 0, final: false, scheduled: 100, open: 1, inFlight: 1 });
    expect(first?.outcomes).toEqual({ ok: 99 });
    expect(seconds.report(1_500_000, 1)).toEqual([]);
    seconds.ended(990_000, outcomeByte('timeout'), 5_000_000, 4_999_000);
    const [again] = seconds.report(1_600_000, 1);
    expect(again).toMatchObject({ second: 0, final: true, scheduled: 100, open: 0, outcomes: { ok: 99, timeout: 1 } });
    // Failures are in `all`, not in `ok`; three significant digits.
    expect(again?.responseOk.p50).toBeCloseTo(0.05, 3);
    expect(again?.responseOk.max).toBeCloseTo(0.099, 3);
    expect(again?.responseAll.max).toBeGreaterThan(4.99);
    expect(again?.schedulingLag.p99).toBeCloseTo(0.0005, 5);
    // Never told again, and the open second only at its end.
    expect(seconds.report(1_900_000, 1)).toEqual([]);
    expect(seconds.report(1_900_000, 0, true)).toMatchObject([{ second: 1, scheduled: 1, open: 1, final: false }]);
  });

  test('seconds without arrivals are told too, so that charts have no holes', () => {
    const seconds = new SecondAggregates('s', 1e6);
    seconds.issued(0, 0);
    seconds.ended(0, OK, 10, 10);
    const told = seconds.report(3_000_000, 0);
    expect(told.map(({ second, scheduled, final }) => [second, scheduled, final])).toEqual([
      [0, 1, true],
      [1, 0, true],
      [2, 0, true],
    ]);
    expect(told[1]?.responseOk).toEqual({ p50: null, p95: null, p99: null, max: null });
  });
});
