import type { ArrivalChunk, ArrivalColumns } from '../record/arrivals.js';
import { OUTCOMES } from '../record/outcomes.js';
import type { Ledger, LoadPlan } from './driver.js';
import type { OpenArrival } from './engine.js';
import { assertBalanced, outcomeByte, Tally } from './ledger.js';
import type { PlacedStream } from './protocol.js';
import { requestPicker, scheduleOf, type Schedule } from './schedule.js';

const UNFINISHED = outcomeByte('unfinished');
/** Arrivals in one chunk of `unfinished` at most. */
const CHUNK_LENGTH = 100_000;

/**
 * What a driver process still owes: kept by the conductor, which knows the schedule, so that not even a killed driver
 * loses an arrival. One bit an arrival. The ledger that is reported counts what was delivered, which is what
 * `arrivals.bin` holds.
 */
export class Owed {
  readonly longestDeadlineUs: number;
  readonly #streams = new Map<number, OwedStream>();

  constructor(plan: LoadPlan, streams: PlacedStream[]) {
    for (const stream of streams) this.#streams.set(stream.position, new OwedStream(stream, plan.seed));
    this.longestDeadlineUs = Math.max(
      0,
      ...streams.flatMap(({ plan: { requests } }) => requests.map(({ deadlineMs }) => deadlineMs * 1000)),
    );
  }

  /** @param open what closed-model streams had open when the batch was made */
  delivered(chunks: readonly ArrivalChunk[], open: readonly OpenArrival[]): void {
    for (const stream of this.#streams.values()) stream.open = [];
    for (const { stream, columns } of chunks) this.#streams.get(stream)?.delivered(columns);
    for (const arrival of open) this.#streams.get(arrival.stream)?.open.push(arrival);
  }

  /** Books what was never delivered as `unfinished`: all arrivals due before `atUs`; closed model: one an open request. */
  unfinished(atUs: number): ArrivalChunk[] {
    return [...this.#streams.values()].flatMap((stream) => stream.unfinished(atUs));
  }

  /**
   * In the order of the plan. Throws `ledger_unbalanced`.
   * @param atUs open model: what was scheduled follows from the schedule before this time
   */
  ledger(atUs: number | undefined): Ledger {
    return [...this.#streams.values()].map((stream) => stream.ledger(atUs));
  }
}

class OwedStream {
  open: OpenArrival[] = [];
  readonly #tally = new Tally();
  readonly #stream: PlacedStream;
  readonly #schedule: Schedule | undefined;
  readonly #requestOf: (index: number) => number;
  #bits = new Uint32Array(1024);

  constructor(stream: PlacedStream, seed: number) {
    const { plan } = stream;
    this.#stream = stream;
    this.#schedule = plan.model === 'open' ? scheduleOf(plan, seed) : undefined;
    this.#requestOf = requestPicker(plan.requests, seed, plan.name);
  }

  delivered({ index, outcome }: ArrivalColumns): void {
    for (let k = 0; k < index.length; k++) {
      const at = index[k] ?? 0;
      if (this.#has(at)) throw new Error(`Stream "${this.#stream.plan.name}": arrival ${at} was delivered twice.`);
      this.#mark(at);
      this.#tally.end(outcome[k] ?? UNFINISHED);
    }
  }

  unfinished(atUs: number): ArrivalChunk[] {
    const missing: { index: number; dueUs: number }[] = [];
    const schedule = this.#schedule;
    if (schedule) {
      const count = schedule.scheduledBefore(atUs);
      for (let index = 0; index < count; index++) {
        if (!this.#has(index)) missing.push({ index, dueUs: schedule.dueUs(index) });
      }
    } else {
      for (const { index, dueUs } of this.open) if (!this.#has(index)) missing.push({ index, dueUs });
    }
    const chunks: ArrivalChunk[] = [];
    for (let from = 0; from < missing.length; from += CHUNK_LENGTH) {
      chunks.push(this.#chunk(missing.slice(from, from + CHUNK_LENGTH)));
    }
    for (const { columns } of chunks) this.delivered(columns);
    return chunks;
  }

  ledger(atUs: number | undefined): Ledger[number] {
    const outcomes = this.#tally.counts();
    const ended = OUTCOMES.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0);
    const planned = this.#schedule && atUs !== undefined ? this.#schedule.scheduledBefore(atUs) : ended;
    const entry = { stream: this.#stream.plan.name, scheduled: planned, outcomes };
    assertBalanced(entry);
    return entry;
  }

  #chunk(arrivals: { index: number; dueUs: number }[]): ArrivalChunk {
    const { plan, position } = this.#stream;
    const requests = arrivals.map(({ index }) => this.#requestOf(index));
    return {
      stream: position,
      columns: {
        index: Uint32Array.from(arrivals, ({ index }) => index),
        dueUs: Float64Array.from(arrivals, ({ dueUs }) => dueUs),
        responseUs: Uint32Array.from(requests, (request) => (plan.requests[request]?.deadlineMs ?? 0) * 1000),
        status: new Uint16Array(arrivals.length),
        outcome: new Uint8Array(arrivals.length).fill(UNFINISHED),
        request: Uint8Array.from(requests),
      },
    };
  }

  #has(index: number): boolean {
    return ((this.#bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  #mark(index: number): void {
    const word = index >>> 5;
    if (word >= this.#bits.length) {
      const wider = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
      wider.set(this.#bits);
      this.#bits = wider;
    }
    this.#bits[word]! |= 1 << (index & 31);
  }
}
