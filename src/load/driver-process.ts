import { messageOf, PlimsollError } from '../support/errors.js';
import { systemClock } from '../support/clock.js';
import type { EngineContext, StreamEngine } from './engine.js';
import { HealthMonitor } from './health.js';
import { preflight } from './preflight.js';
import type { Order, PlacedStream, Report } from './protocol.js';

/**
 * The process that makes the load: nothing else runs in it. It obeys its IPC channel and ends when that closes, so no
 * load outlives the conductor.
 */

/** A second is told a little after it has passed, so that its last arrivals have a chance to be in it. */
const REPORT_AFTER_MS = 4;

class DriverProcess {
  #engines: StreamEngine[] = [];
  #health: HealthMonitor | undefined;
  #t0Us = 0;
  #reportTimer: NodeJS.Timeout | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  #started = false;
  #stopAtUs = Infinity;
  #drain = true;

  async prepare(order: Extract<Order, { type: 'prepare' }>): Promise<void> {
    const health = new HealthMonitor(order.model);
    this.#health = health;
    const context: EngineContext = {
      runId: order.runId,
      seed: order.seed,
      nowUs: () => this.#nowUs(),
      onIssued: (lagUs) => health.issued(lagUs),
      onLocalLimit: () => health.localLimit(),
    };
    this.#engines = await enginesFor(order.model, order.streams, context);
    await preflight(order.streams.map(({ plan }) => plan));
    tell({ type: 'prepared' });
  }

  start(t0Us: number): void {
    this.#t0Us = t0Us;
    this.#started = true;
    tell({ type: 'started' });
    setTimeout(
      () => {
        this.#health?.start();
        for (const engine of this.#engines) engine.start();
        this.#planReport();
      },
      Math.max(0, Math.floor(-this.#nowUs() / 1000)),
    );
  }

  /** Ordered again, as by an abort during the drain, it may only become sooner. */
  stop(atUs: number, drain: boolean): void {
    if (!this.#started) throw new Error('stop was ordered before start');
    this.#stopAtUs = Math.min(this.#stopAtUs, Math.max(0, atUs, Math.ceil(this.#nowUs())));
    this.#drain &&= drain;
    for (const engine of this.#engines) engine.stopAt(this.#stopAtUs);
    this.#finishWhenDone();
  }

  #finishWhenDone(): void {
    clearTimeout(this.#stopTimer);
    const leftMs = (this.#stopAtUs - this.#nowUs()) / 1000;
    if (leftMs > 0) {
      this.#stopTimer = setTimeout(() => this.#finishWhenDone(), Math.max(1, leftMs));
      return;
    }
    for (const engine of this.#engines) engine.catchUp();
    if (this.#drain && this.#engines.some((engine) => engine.inFlight > 0)) {
      // Each of them ends by its deadline at the latest.
      this.#stopTimer = setTimeout(() => this.#finishWhenDone(), 5);
      return;
    }
    clearTimeout(this.#reportTimer);
    for (const engine of this.#engines) engine.abandon();
    this.#report(true);
    this.#health?.stop();
    tell({ type: 'stopped', atUs: this.#stopAtUs, ledger: this.#engines.map((engine) => engine.close()) });
  }

  #planReport(): void {
    const nowMs = this.#nowUs() / 1000;
    const nextMs = Math.floor(nowMs / 1000 + 1) * 1000 + REPORT_AFTER_MS;
    this.#reportTimer = setTimeout(
      () => {
        this.#report(false);
        this.#planReport();
      },
      Math.max(1, nextMs - nowMs),
    );
  }

  #report(everything: boolean): void {
    for (const engine of this.#engines) engine.tick();
    const nowUs = this.#nowUs();
    const health = this.#health?.sample(Math.max(0, Math.floor(nowUs / 1e6) - (everything ? 0 : 1)));
    if (!health) return;
    tell({
      type: 'second',
      batch: {
        chunks: this.#engines.flatMap((engine) => engine.takeChunk() ?? []),
        seconds: this.#engines.flatMap((engine) => engine.takeSeconds(nowUs, everything)),
        health,
      },
      open: this.#engines.flatMap((engine) => engine.openArrivals()),
    });
  }

  #nowUs(): number {
    return systemClock.nowUs() - this.#t0Us;
  }
}

/** Each model's libraries are loaded only where they are needed. */
async function enginesFor(
  model: 'open' | 'closed',
  streams: PlacedStream[],
  context: EngineContext,
): Promise<StreamEngine[]> {
  const engines: StreamEngine[] = [];
  for (const { plan, position } of streams) {
    if (plan.model !== model) throw new Error(`Stream "${plan.name}" is not of the ${model} model.`);
    if (plan.model === 'open') {
      const { OpenLoop } = await import('./open-loop.js');
      engines.push(new OpenLoop(plan, position, context));
    } else {
      const { ClosedLoop } = await import('./closed-loop.js');
      engines.push(new ClosedLoop(plan, position, context));
    }
  }
  return engines;
}

function tell(report: Report): void {
  // A conductor that was killed closes the channel; `disconnect` ends this process.
  if (process.connected) process.send?.(report, () => undefined);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${message}\n`);
  tell({ type: 'failed', message: messageOf(error) });
  setTimeout(() => process.exit(1), 50);
}

const driver = new DriverProcess();
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
process.on('message', (order: Order) => {
  switch (order.type) {
    case 'prepare':
      driver.prepare(order).catch((error: unknown) => {
        if (error instanceof PlimsollError) {
          tell({ type: 'refused', code: error.code, message: error.message, hint: error.hint });
        } else {
          fail(error);
        }
      });
      return;
    case 'start':
      driver.start(order.t0Us);
      return;
    case 'stop':
      driver.stop(order.atUs, order.drain);
  }
});
