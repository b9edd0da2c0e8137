import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf, PlimsollError } from '../support/errors.js';
import { systemClock } from '../support/clock.js';
import { OUTCOMES } from '../record/outcomes.js';
import type { DriverSecond, Ledger, LoadPlan } from './driver.js';
import { Owed } from './owed.js';
import type { Order, PlacedStream, Report } from './protocol.js';

/**
 * Run from the sources (tests) or compiled, the process itself is always the compiled one: the path is the same from
 * `src/load` and `dist/load`.
 */
const ENTRY = fileURLToPath(new URL('../../dist/load/driver-process.js', import.meta.url));

const PREPARE_LIMIT_MS = 15_000;
/** How long after the last deadline a driver may take to say that it has stopped. */
const STOP_GRACE_MS = 5000;

export interface ProcessDriverListeners {
  onSecond(batch: DriverSecond): void;
  onDeath(reason: string): void;
}

/** One driver process with the streams of one model, seen from the conductor. */
export class ProcessDriver {
  readonly model: 'open' | 'closed';
  readonly #plan: LoadPlan;
  readonly #streams: PlacedStream[];
  readonly #listeners: ProcessDriverListeners;
  readonly #owed: Owed;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #onReport: ((report: Report) => void) | undefined;
  #death: string | undefined;
  #ordered = false;
  #t0Us: number | undefined;
  #stopped: Promise<Ledger> | undefined;

  constructor(model: 'open' | 'closed', plan: LoadPlan, streams: PlacedStream[], listeners: ProcessDriverListeners) {
    this.model = model;
    this.#plan = plan;
    this.#streams = streams;
    this.#listeners = listeners;
    this.#owed = new Owed(plan, streams);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process; resolves when its engines are ready and every origin was reached. */
  async prepare(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const child = fork(ENTRY, [], {
      // A group of its own: Ctrl-C reaches the conductor alone, which still needs the driver's last words.
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signalName) => {
        this.#died(signalName === null ? `it ended with exit code ${code}` : `it was ended by ${signalName}`);
        // What it said last may still be in the channel, which outlives it.
        if (child.connected) child.once('disconnect', resolve);
        else resolve();
      });
      child.once('error', (error) => {
        this.#died(messageOf(error));
        resolve();
      });
    });
    child.on('message', (report: Report) => this.#hear(report));
    const { runId, seed } = this.#plan;
    await this.#order(
      { type: 'prepare', model: this.model, runId, seed, streams: this.#streams },
      'prepared',
      PREPARE_LIMIT_MS,
      signal,
    );
  }

  async start(t0Us: number): Promise<void> {
    this.#t0Us = t0Us;
    await this.#order({ type: 'start', t0Us }, 'started', PREPARE_LIMIT_MS);
  }

  /** Called again, as by an abort during the drain, it may only become sooner. */
  stop(atUs: number, drain: boolean): Promise<Ledger> {
    if (this.#stopped && this.#child?.connected === true)
      this.#child.send({ type: 'stop', atUs, drain } satisfies Order);
    return (this.#stopped ??= this.#stop(atUs, drain));
  }

  async #stop(atUs: number, drain: boolean): Promise<Ledger> {
    // Never started: nothing was scheduled.
    if (this.#t0Us === undefined) return this.#owed.ledger(0);
    const nowUs = Math.max(0, systemClock.nowUs() - this.#t0Us);
    let stopAtUs = Math.max(0, atUs, nowUs);
    if (this.#death === undefined) {
      const limitMs = (stopAtUs - nowUs + (drain ? this.#owed.longestDeadlineUs : 0)) / 1000 + STOP_GRACE_MS;
      try {
        const stopped = await this.#order({ type: 'stop', atUs, drain }, 'stopped', limitMs);
        stopAtUs = stopped.atUs;
        assertSame(stopped.ledger, this.#owed.ledger(this.model === 'open' ? stopAtUs : undefined));
      } catch (error) {
        // It died, or it is stopped or hung: end it, and book what it owes.
        if (error instanceof PlimsollError && error.code === 'ledger_unbalanced') throw error;
        if (this.#death === undefined) this.#died(messageOf(error));
        this.#kill();
      }
    }
    if (this.#death !== undefined) {
      await this.#exited;
      const chunks = this.#owed.unfinished(stopAtUs);
      this.#listeners.onSecond({
        chunks,
        seconds: [],
        health: {
          driver: this.model,
          second: Math.floor(stopAtUs / 1e6),
          schedulingLagP99Ms: 0,
          eventLoopDelayP99Ms: 0,
          cpuShare: 0,
          clockJumpMs: 0,
          localLimitErrors: 0,
          invalid: `the load driver died: ${this.#death}`,
        },
      });
    }
    this.#ordered = true;
    return this.#owed.ledger(this.model === 'open' ? stopAtUs : undefined);
  }

  /** Ends the process, whatever it does. Idempotent. */
  async dispose(): Promise<void> {
    this.#ordered = true;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => this.#kill(), 500);
    await this.#exited;
    clearTimeout(timer);
  }

  #hear(report: Report): void {
    if (report.type === 'second') {
      try {
        this.#owed.delivered(report.batch.chunks, report.open);
      } catch (error) {
        // A defect of the driver: without this batch its arrivals are unfinished, and the run is errored.
        this.#died(messageOf(error));
        return;
      }
      this.#listeners.onSecond(report.batch);
    } else {
      this.#onReport?.(report);
      // Its own words say more than the exit code that follows.
      if (report.type === 'failed') this.#died(report.message);
    }
  }

  #died(reason: string): void {
    if (this.#death !== undefined || this.#ordered) return;
    this.#death = reason;
    this.#onReport?.({ type: 'failed', message: reason });
    this.#listeners.onDeath(reason);
  }

  #kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }

  async #order<T extends Report['type']>(
    order: Order,
    expected: T,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<Extract<Report, { type: T }>> {
    const child = this.#child;
    if (!child || this.#death !== undefined) throw this.#failure(this.#death ?? 'it was not started');
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#onReport = (report) => {
          if (report.type === expected) resolve(report as Extract<Report, { type: T }>);
          else if (report.type === 'refused')
            reject(new PlimsollError({ code: report.code, message: report.message, hint: report.hint }));
          else if (report.type === 'failed') reject(this.#failure(report.message));
        };
        timer = setTimeout(
          () => reject(this.#failure(`it did not answer to "${order.type}" within ${Math.round(limitMs)} ms`)),
          Math.min(2 ** 31 - 1, limitMs),
        );
        onAbort = () => reject(signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason)));
        signal?.addEventListener('abort', onAbort, { once: true });
        child.send(order, (error) => {
          if (error) reject(this.#failure(messageOf(error)));
        });
      });
    } finally {
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      this.#onReport = undefined;
    }
  }

  #failure(reason: string): PlimsollError {
    return new PlimsollError({
      code: 'driver_failed',
      message: `The ${this.model}-model load driver failed: ${reason}.`,
      hint: 'Look for its words on stderr above; repeat the run with a lower rate if the machine was short of memory.',
    });
  }
}

/** What the driver counted is what arrived here. Throws `ledger_unbalanced`. */
function assertSame(told: Ledger, delivered: Ledger): void {
  for (const { stream, scheduled, outcomes } of delivered) {
    const own = told.find((entry) => entry.stream === stream);
    const same =
      own?.scheduled === scheduled && OUTCOMES.every((outcome) => own.outcomes[outcome] === outcomes[outcome]);
    if (same) continue;
    throw new PlimsollError({
      code: 'ledger_unbalanced',
      message: `Stream "${stream}": the driver counted ${JSON.stringify(own)}, but delivered ${scheduled} arrivals: ${JSON.stringify(outcomes)}.`,
      hint: 'This is a defect of the load driver; please report it with the run directory.',
    });
  }
}
