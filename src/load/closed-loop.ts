import type { Instance } from 'autocannon';
import type { ArrivalChunk } from '../record/arrivals.js';
import type { EventBody } from '../record/events.js';
import type { Outcome } from '../record/outcomes.js';
import { randomAt } from '../support/random.js';
import { createClients } from './autocannon-client.js';
import { ClosedUser, type UserOwner } from './closed-user.js';
import { compileStream, type CompiledStream } from './compiled-request.js';
import { Deadlines } from './deadlines.js';
import type { ClosedStreamPlan, Ledger } from './driver.js';
import type { EngineContext, OpenArrival, StreamEngine } from './engine.js';
import { StreamBook } from './stream-book.js';

/** Refused connections fail at once: without a pause a few users would outvote everything else. */
const LEAST_PAUSE_AFTER_FAILURE_MS = 100;

/**
 * Closed model: each user is ready, asks, waits for the end, thinks, and is ready again. `due` is the moment of
 * readiness. Sockets and parser are autocannon's; when to ask, what counts and how long to wait is ours.
 */
export class ClosedLoop implements StreamEngine, UserOwner {
  readonly tls: ClosedStreamPlan['tls'];
  readonly #plan: ClosedStreamPlan;
  readonly #position: number;
  readonly #context: EngineContext;
  readonly #stream: CompiledStream;
  readonly #book: StreamBook;
  readonly #users: ClosedUser[] = [];
  readonly #deadlines: Deadlines<ClosedUser>;
  readonly #autocannon: Instance;
  #next = 0;
  #stopAtUs = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: ClosedStreamPlan, position: number, context: EngineContext) {
    this.tls = plan.tls;
    this.#plan = plan;
    this.#position = position;
    this.#context = context;
    this.#stream = compileStream(plan, context);
    this.#book = new StreamBook(plan, position);
    this.#deadlines = new Deadlines(
      () => context.nowUs(),
      (user) => user.expire(),
    );
    const origin = this.#stream.requests[0]?.origin;
    // A url only for its own request builder; connections are opened by the users, from the plan.
    const url = origin && origin.socketPath === undefined ? origin.key : 'http://localhost';
    this.#autocannon = createClients(plan.users, url, (client) => {
      this.#users.push(new ClosedUser(this, client, this.#users.length));
    });
  }

  get inFlight(): number {
    return this.#book.open;
  }

  start(): void {
    for (const user of this.#users) {
      // Spread over one think time, or all users would think in step.
      const share = randomAt(this.#context.seed, `${this.#plan.name}/first`, user.number);
      user.readyAtUs = share * this.#plan.thinkMs.max * 1000;
    }
    this.#loop();
  }

  stopAt(atUs: number): void {
    this.#stopAtUs = atUs;
    this.#loop();
  }

  /** Asks for every user that is ready, in the order of readiness. */
  tick(): void {
    const nowUs = this.#context.nowUs();
    const ready = this.#users.filter(({ readyAtUs }) => readyAtUs <= nowUs && readyAtUs < this.#stopAtUs);
    if (ready.length > 1) ready.sort((a, b) => a.readyAtUs - b.readyAtUs);
    for (const user of ready) this.#ask(user);
  }

  catchUp(): void {
    this.tick();
  }

  nowUs(): number {
    return this.#context.nowUs();
  }

  settle(user: ClosedUser, outcome: Outcome, endUs: number): void {
    const { request, dueUs, sentUs, index } = user;
    if (!request) return;
    this.#deadlines.remove(user, request.deadlineUs);
    const measured = outcome !== 'timeout' && outcome !== 'unsent' && outcome !== 'unfinished';
    this.#book.ended({
      index,
      dueUs,
      responseUs: measured ? endUs - dueUs : request.deadlineUs,
      serviceUs: sentUs >= 0 ? endUs - sentUs : -1,
      status: measured ? user.status : 0,
      outcome,
      request: request.position,
    });
    user.readyAtUs = endUs + this.#pauseMs(index, outcome) * 1000;
    if (user.readyAtUs >= this.#stopAtUs || outcome === 'unfinished') return;
    if (user.readyAtUs <= endUs) this.#ask(user);
    else this.#arm(user.readyAtUs);
  }

  onLocalLimit(): void {
    this.#context.onLocalLimit();
  }

  abandon(): void {
    clearTimeout(this.#timer);
    this.#stopAtUs = Math.min(this.#stopAtUs, this.#context.nowUs());
    for (const user of this.#users) user.abandon();
    this.#deadlines.dispose();
    // Its callback comes with its next tick; by then nobody listens.
    (this.#autocannon as unknown as { stop(): void }).stop();
  }

  takeChunk(): ArrivalChunk | undefined {
    return this.#book.takeChunk();
  }

  takeSeconds(nowUs: number, everything: boolean): EventBody<'second'>[] {
    return this.#book.takeSeconds(nowUs, this.inFlight, everything);
  }

  openArrivals(): OpenArrival[] {
    return this.#users.flatMap(({ open, index, dueUs, request }) =>
      open && request
        ? [{ stream: this.#position, index, dueUs, request: request.position, deadlineUs: request.deadlineUs }]
        : [],
    );
  }

  close(): Ledger[number] {
    return this.#book.close();
  }

  #ask(user: ClosedUser): void {
    const dueUs = user.readyAtUs;
    const index = this.#next++;
    const request = this.#stream.requestAt(index);
    const lagUs = this.#context.nowUs() - dueUs;
    this.#book.issued(dueUs, lagUs);
    this.#context.onIssued(lagUs);
    user.ask(request, index, dueUs);
    if (user.open && user.index === index) this.#deadlines.add(user, request.deadlineUs);
  }

  #pauseMs(index: number, outcome: Outcome): number {
    const { min, max } = this.#plan.thinkMs;
    const thinkMs = min + randomAt(this.#context.seed, `${this.#plan.name}/think`, index) * (max - min);
    return outcome === 'ok' ? thinkMs : Math.max(thinkMs, LEAST_PAUSE_AFTER_FAILURE_MS);
  }

  #timerAtUs = Infinity;

  #loop(): void {
    this.#timerAtUs = Infinity;
    this.tick();
    this.#arm(Math.min(...this.#users.map(({ readyAtUs }) => readyAtUs)));
  }

  /** One timer for the user who is ready next. */
  #arm(atUs: number): void {
    if (atUs >= this.#stopAtUs || atUs >= this.#timerAtUs) return;
    clearTimeout(this.#timer);
    this.#timerAtUs = atUs;
    const waitMs = Math.floor((atUs - this.#context.nowUs()) / 1000);
    this.#timer = setTimeout(() => this.#loop(), Math.min(2 ** 31 - 1, Math.max(1, waitMs)));
  }
}
