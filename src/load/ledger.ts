import { OUTCOMES, type Outcome, type OutcomeCounts } from '../record/outcomes.js';
import { PlimsollError } from '../support/errors.js';

const POSITION = Object.fromEntries(OUTCOMES.map((outcome, position) => [outcome, position])) as Record<
  Outcome,
  number
>;

/** The position of an outcome in `OUTCOMES`: the byte in the records. */
export function outcomeByte(outcome: Outcome): number {
  return POSITION[outcome];
}

/** Counts what was scheduled and what became of it. */
export class Tally {
  scheduled = 0;
  readonly #counts = new Float64Array(OUTCOMES.length);
  #ended = 0;

  /** @param byte position in `OUTCOMES` */
  end(byte: number): void {
    this.#counts[byte]! += 1;
    this.#ended++;
  }

  /** Arrivals without an outcome yet. */
  get open(): number {
    return this.scheduled - this.#ended;
  }

  counts(): OutcomeCounts {
    const counts: OutcomeCounts = {};
    OUTCOMES.forEach((outcome, position) => {
      const count = this.#counts[position] ?? 0;
      if (count > 0) counts[outcome] = count;
    });
    return counts;
  }
}

/**
 * The invariant behind every verdict: each scheduled arrival has exactly one outcome. Throws `ledger_unbalanced`, which
 * makes the run `errored`.
 */
export function assertBalanced(entry: { stream: string; scheduled: number; outcomes: OutcomeCounts }): void {
  const sum = Object.values(entry.outcomes).reduce((total, count) => total + count, 0);
  if (sum === entry.scheduled) return;
  throw new PlimsollError({
    code: 'ledger_unbalanced',
    message: `Stream "${entry.stream}" had ${entry.scheduled} arrivals scheduled, but ${sum} outcomes: ${JSON.stringify(entry.outcomes)}.`,
    hint: 'This is a defect of the load driver; no verdict can rest on this run. Please report it with the run directory.',
  });
}
