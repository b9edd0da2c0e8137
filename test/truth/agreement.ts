import { expect } from 'vitest';
import type { Outcome } from '../../src/record/outcomes.js';
import type { Experiment, Recorded, ServerLine } from './experiment.js';

/** Requests of a stream carry `<first id> + index` as their id; so the server's log can be joined with the records. */
export const FIRST_ID = [0, 1_000_000, 2_000_000];

function idOf(arrival: Recorded): string {
  return String((FIRST_ID[arrival.stream] ?? NaN) + arrival.index);
}

/** What the server did with each request, by id. Fails if it saw one twice: that would be a retry. */
export function seenBy(log: ServerLine[]): Map<string, string> {
  const seen = new Map<string, string>();
  for (const { event, id, did } of log) {
    if (event !== 'request' || id === undefined || did === undefined) continue;
    expect(seen.has(id), `the server saw request ${id} twice`).toBe(false);
    seen.set(id, did);
  }
  return seen;
}

/** Every arrival has one record, and the ledger counts exactly these. */
export function expectWhole({ ledger, arrivals }: Experiment, scheduledOpen?: number): void {
  for (const [stream, { scheduled, outcomes }] of ledger.entries()) {
    const own = arrivals.filter((arrival) => arrival.stream === stream);
    expect(own.length).toBe(scheduled);
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(scheduled);
    expect(new Set(own.map(({ index }) => index)).size).toBe(scheduled);
    expect(Math.max(...own.map(({ index }) => index))).toBe(scheduled - 1);
  }
  if (scheduledOpen !== undefined) expect(ledger[0]?.scheduled).toBe(scheduledOpen);
}

/**
 * The ledger agrees with the server's log request by request.
 * @param outcomes for each thing that the server may have done, the outcomes that it allows
 * @param unseen outcomes of requests that the server did not see
 */
export function expectAgreement(
  experiment: Experiment,
  log: ServerLine[],
  outcomes: Record<string, Outcome[]>,
  unseen: Outcome[] = [],
): void {
  const seen = seenBy(log);
  const wrong: string[] = [];
  const known = new Set<string>();
  for (const arrival of experiment.arrivals) {
    const id = idOf(arrival);
    known.add(id);
    const did = seen.get(id);
    const allowed = did === undefined ? unseen : (outcomes[did] ?? []);
    if (!allowed.includes(arrival.outcome)) wrong.push(`${id}: server ${did ?? 'did not see it'}, ${arrival.outcome}`);
  }
  for (const id of seen.keys()) if (!known.has(id)) wrong.push(`${id}: seen by the server, not in the records`);
  expect(wrong).toEqual([]);
}

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

/** After the trouble everything is as before: the later half of what was due after `fromUs` is fast again. */
export function expectNormalAfter({ arrivals }: Experiment, stream: number, fromUs: number): void {
  const after = arrivals.filter((arrival) => arrival.stream === stream && arrival.dueUs > fromUs);
  expect(after.length).toBeGreaterThan(5);
  expect(after.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect(
    quantile(
      after.map(({ responseUs }) => responseUs),
      0.5,
    ),
  ).toBeLessThan(50_000);
}
