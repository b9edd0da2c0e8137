import type { ArrivalChunk, ArrivalColumns } from '../record/arrivals.js';
import type { EventBody } from '../record/events.js';
import type { Outcome } from '../record/outcomes.js';
import type { StreamPlan } from './driver.js';
import { assertBalanced, outcomeByte, Tally } from './ledger.js';
import { SecondAggregates } from './second-aggregates.js';

/** How one arrival ended. Times in microseconds. */
export interface Ending {
  index: number;
  /** From t0. */
  dueUs: number;
  /** `end − due`; the deadline where no end was measured. */
  responseUs: number;
  /** `end − sent`; negative if it was never sent. */
  serviceUs: number;
  /** 0 if there was none. */
  status: number;
  outcome: Outcome;
  /** Position in the stream's requests. */
  request: number;
}

/**
 * The books of one stream in a driver: ledger, this second's records, aggregates. Both engines write here and nowhere
 * else. Its memory does not grow with the length of a run.
 */
export class StreamBook {
  readonly #name: string;
  readonly #position: number;
  readonly #tally = new Tally();
  readonly #aggregates: SecondAggregates;
  #columns = columns(1024);
  #count = 0;

  /** @param position of the stream in the plan: its number in chunks */
  constructor(plan: StreamPlan, position: number) {
    this.#name = plan.name;
    this.#position = position;
    this.#aggregates = new SecondAggregates(
      plan.name,
      Math.max(...plan.requests.map(({ deadlineMs }) => deadlineMs)) * 1000,
    );
  }

  get open(): number {
    return this.#tally.open;
  }

  get scheduled(): number {
    return this.#tally.scheduled;
  }

  issued(dueUs: number, lagUs: number): void {
    this.#tally.scheduled++;
    this.#aggregates.issued(dueUs, lagUs);
  }

  ended(ending: Ending): void {
    const outcome = outcomeByte(ending.outcome);
    const responseUs = Math.min(2 ** 32 - 1, Math.max(0, Math.round(ending.responseUs)));
    this.#tally.end(outcome);
    this.#aggregates.ended(ending.dueUs, outcome, responseUs, ending.serviceUs);
    if (this.#count === this.#columns.index.length) this.#columns = grown(this.#columns);
    const at = this.#count++;
    const { index, dueUs, responseUs: response, status, outcome: outcomes, request } = this.#columns;
    index[at] = ending.index;
    dueUs[at] = ending.dueUs;
    response[at] = responseUs;
    status[at] = ending.status;
    outcomes[at] = outcome;
    request[at] = ending.request;
  }

  /** What ended since the last call; the columns are copies. */
  takeChunk(): ArrivalChunk | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    this.#count = 0;
    const { index, dueUs, responseUs, status, outcome, request } = this.#columns;
    return {
      stream: this.#position,
      columns: {
        index: index.slice(0, count),
        dueUs: dueUs.slice(0, count),
        responseUs: responseUs.slice(0, count),
        status: status.slice(0, count),
        outcome: outcome.slice(0, count),
        request: request.slice(0, count),
      },
    };
  }

  takeSeconds(nowUs: number, inFlight: number, everything = false): EventBody<'second'>[] {
    return this.#aggregates.report(nowUs, inFlight, everything);
  }

  /** The ledger of the whole load; throws `ledger_unbalanced` if an arrival has no outcome or two. */
  close(): { stream: string; scheduled: number; outcomes: ReturnType<Tally['counts']> } {
    const entry = { stream: this.#name, scheduled: this.#tally.scheduled, outcomes: this.#tally.counts() };
    assertBalanced(entry);
    return entry;
  }
}

function columns(capacity: number): ArrivalColumns {
  return {
    index: new Uint32Array(capacity),
    dueUs: new Float64Array(capacity),
    responseUs: new Uint32Array(capacity),
    status: new Uint16Array(capacity),
    outcome: new Uint8Array(capacity),
    request: new Uint8Array(capacity),
  };
}

function grown(old: ArrivalColumns): ArrivalColumns {
  const wider = columns(old.index.length * 2);
  wider.index.set(old.index);
  wider.dueUs.set(old.dueUs);
  wider.responseUs.set(old.responseUs);
  wider.status.set(old.status);
  wider.outcome.set(old.outcome);
  wider.request.set(old.request);
  return wider;
}
