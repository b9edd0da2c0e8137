import { Pool, type Dispatcher } from 'undici';
import type { ArrivalChunk } from '../record/arrivals.js';
import type { EventBody } from '../record/events.js';
import type { Outcome } from '../record/outcomes.js';
import { compileStream, type CompiledRequest, type CompiledStream } from './compiled-request.js';
import { Deadlines } from './deadlines.js';
import type { Ledger, OpenStreamPlan } from './driver.js';
import type { EngineContext, OpenArrival, StreamEngine } from './engine.js';
import { OpenArrivalHandler, type ArrivalOwner } from './open-arrival.js';
import { scheduleOf, type Schedule } from './schedule.js';
import { StreamBook } from './stream-book.js';
import { connectorFor, type ClosingSocket } from './undici-connector.js';

/** The longest that issuing overdue arrivals keeps everything else waiting. */
const SLICE_US = 20_000;

/**
 * Open model: arrivals come when the schedule says so, whatever the system does. Overdue arrivals are issued at once with
 * their old due times; nothing is lost, smoothed or tried twice. Sockets and parser are undici's.
 */
export class OpenLoop implements StreamEngine, ArrivalOwner {
  readonly closing: ClosingSocket = { errorCode: undefined };
  readonly #plan: OpenStreamPlan;
  readonly #context: EngineContext;
  readonly #schedule: Schedule;
  readonly #stream: CompiledStream;
  readonly #book: StreamBook;
  readonly #pools = new Map<string, Pool>();
  readonly #deadlines: Deadlines<OpenArrivalHandler>;
  #next = 0;
  #inFlight = 0;
  #stopAtUs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(plan: OpenStreamPlan, position: number, context: EngineContext) {
    this.#plan = plan;
    this.#context = context;
    this.#schedule = scheduleOf(plan, context.seed);
    this.#stream = compileStream(plan, context);
    this.#book = new StreamBook(plan, position);
    this.#deadlines = new Deadlines(
      () => context.nowUs(),
      (arrival) => arrival.expire(),
    );
    const longestMs = Math.max(...plan.requests.map(({ deadlineMs }) => deadlineMs));
    for (const { origin } of this.#stream.requests) {
      if (this.#pools.has(origin.key)) continue;
      const pool = new Pool(`${origin.secure ? 'https' : 'http'}://${origin.hostHeader}`, {
        connections: plan.connections,
        pipelining: 1,
        connect: connectorFor(origin, plan.tls, longestMs, this.closing),
        // Our deadline is the only one: undici's start too late, and restart with each chunk.
        headersTimeout: 0,
        bodyTimeout: 0,
        // A server's hint of a short idle time must not make each of its connections single-use.
        keepAliveTimeoutThreshold: 500,
      });
      this.#pools.set(origin.key, pool);
    }
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  start(): void {
    this.#loop();
  }

  stopAt(atUs: number): void {
    this.#stopAtUs = atUs;
    this.#loop();
  }

  tick(): void {
    this.#issueUntil(this.#context.nowUs() + SLICE_US);
  }

  catchUp(): void {
    this.#issueUntil(Infinity);
  }

  nowUs(): number {
    return this.#context.nowUs();
  }

  settle(arrival: OpenArrivalHandler, outcome: Outcome, endUs: number): void {
    this.#inFlight--;
    const { request, dueUs, sentUs } = arrival;
    this.#deadlines.remove(arrival, request.deadlineUs);
    const measured = outcome !== 'timeout' && outcome !== 'unsent' && outcome !== 'unfinished';
    this.#book.ended({
      index: arrival.index,
      dueUs,
      responseUs: measured ? endUs - dueUs : request.deadlineUs,
      serviceUs: sentUs >= 0 ? endUs - sentUs : -1,
      status: outcome === 'timeout' || outcome === 'unfinished' ? 0 : arrival.status,
      outcome,
      request: request.position,
    });
  }

  onLocalLimit(): void {
    this.#context.onLocalLimit();
  }

  abandon(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    for (const arrival of this.#deadlines.items()) arrival.abandon();
    this.#deadlines.dispose();
    for (const pool of this.#pools.values()) void pool.destroy().catch(() => undefined);
  }

  takeChunk(): ArrivalChunk | undefined {
    return this.#book.takeChunk();
  }

  takeSeconds(nowUs: number, everything: boolean): EventBody<'second'>[] {
    // With a backlog, later seconds are not whole yet.
    return this.#book.takeSeconds(Math.min(nowUs, this.#schedule.dueUs(this.#next)), this.#inFlight, everything);
  }

  openArrivals(): OpenArrival[] {
    // The conductor knows the schedule and what it has been told, so it needs no list.
    return [];
  }

  close(): Ledger[number] {
    const entry = this.#book.close();
    const planned = this.#schedule.scheduledBefore(this.#stopAtUs);
    if (entry.scheduled !== planned) {
      throw new Error(`Stream "${entry.stream}" issued ${entry.scheduled} arrivals; its schedule has ${planned}.`);
    }
    return entry;
  }

  /** @param untilUs begin no further one after that */
  #issueUntil(untilUs: number): void {
    for (;;) {
      const dueUs = this.#schedule.dueUs(this.#next);
      const nowUs = this.#context.nowUs();
      if (dueUs >= this.#stopAtUs || dueUs > nowUs || nowUs > untilUs) return;
      this.#issue(this.#next++, dueUs);
    }
  }

  #loop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.tick();
    const dueUs = this.#schedule.dueUs(this.#next);
    if (dueUs >= this.#stopAtUs) return;
    const waitMs = Math.floor((dueUs - this.#context.nowUs()) / 1000);
    if (waitMs < 0) {
      this.#immediate = setImmediate(() => this.#loop());
      return;
    }
    this.#timer = setTimeout(() => this.#loop(), Math.min(2 ** 31 - 1, Math.max(1, waitMs)));
  }

  #issue(index: number, dueUs: number): void {
    const request = this.#stream.requestAt(index);
    const lagUs = this.#context.nowUs() - dueUs;
    this.#book.issued(dueUs, lagUs);
    this.#context.onIssued(lagUs);
    if (this.#inFlight >= this.#plan.inFlightCap) {
      this.#book.ended({
        index,
        dueUs,
        responseUs: request.deadlineUs,
        serviceUs: -1,
        status: 0,
        outcome: 'dropped',
        request: request.position,
      });
      return;
    }
    this.#inFlight++;
    const arrival = new OpenArrivalHandler(this, request, index, dueUs);
    if (lagUs >= request.deadlineUs) {
      arrival.expire();
      return;
    }
    this.#deadlines.add(arrival, request.deadlineUs);
    this.#pools.get(request.origin.key)?.dispatch(dispatchOptions(request, index), arrival);
  }
}

function dispatchOptions(request: CompiledRequest, index: number): Dispatcher.DispatchOptions {
  const body = request.body(index);
  return {
    path: request.path(index),
    method: request.method,
    headers: request.headers(index),
    ...(body === undefined ? {} : { body }),
  };
}
