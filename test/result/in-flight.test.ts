import { describe, expect, it } from 'vitest';
import { emptyColumns } from '../../src/record/arrivals-reader.js';
import type { RunEvent } from '../../src/record/events.js';
import { OUTCOMES, type Outcome } from '../../src/record/outcomes.js';
import { inFlightAt, inFlightText } from '../../src/result/in-flight.js';

/** One stream of arrivals given as [due, response time in seconds, outcome]. */
function stream(...rows: [number, number, Outcome][]) {
  const columns = emptyColumns(rows.length);
  rows.forEach(([dueS, responseS, outcome], k) => {
    columns.dueUs[k] = dueS * 1e6;
    columns.responseUs[k] = responseS * 1e6;
    columns.outcome[k] = OUTCOMES.indexOf(outcome);
  });
  return { columns };
}

const ordered = (...times: number[]) =>
  times.map((t) => ({ type: 'fault.requested', t, fault: 'f1' }) as unknown as RunEvent);
const kill = { id: 'f1', duration: 'instant' } as const;

describe('requests in flight when a process was ended', () => {
  it('are those due before the order and not ended by then; lost are those without an answer', () => {
    const streams = [
      stream(
        [9, 0.5, 'ok'], // ended before
        [9.9, 0.2, 'ok'],
        [9.9, 0.2, 'http_5xx'], // an answer, if a bad one
        [9.95, 0.1, 'reset'],
        [9.8, 2, 'timeout'],
        [9.9, 0.5, 'unsent'], // never on its way
        [10.1, 0.2, 'reset'], // due afterwards
      ),
      stream([9.99, 0.02, 'closed']),
    ];
    expect(inFlightAt(kill, ordered(10), streams)).toEqual({ requests: 5, lost: 3 });
    // Over all trials.
    expect(inFlightAt(kill, ordered(10, 10.15), streams)).toEqual({ requests: 6, lost: 4 });
  });

  it('are nothing that a lasting fault, or one that was never ordered, is asked for', () => {
    expect(inFlightAt({ id: 'f1', duration: 'lasting' }, ordered(10), [stream([9, 5, 'ok'])])).toBeUndefined();
    expect(inFlightAt(kill, [], [stream([9, 5, 'ok'])])).toBeUndefined();
    expect(inFlightAt({ id: 'f2', duration: 'instant' }, ordered(10), [stream([9, 5, 'ok'])])).toBeUndefined();
  });

  it.each([
    [{ requests: 0, lost: 0 }, 'no request was in flight'],
    [{ requests: 1, lost: 0 }, '1 request was in flight, and it was answered'],
    [{ requests: 1, lost: 1 }, '1 request was in flight; it got no answer'],
    [{ requests: 12, lost: 0 }, '12 requests were in flight, and all were answered'],
    [{ requests: 12, lost: 3 }, '12 requests were in flight; 3 of them got no answer'],
  ])('%o reads: %s', (inFlight, text) => {
    expect(inFlightText({ inFlight })).toBe(text);
  });
});
