import type { LoadDriver, DriverSecond, Ledger } from '../load/driver.js';
import { createLoadDriver } from '../load/index.js';
import type { LoadPlan } from '../load/driver.js';
import { ArrivalsFile } from '../record/arrivals-file.js';
import type { ArrivalsHeader, StreamHeader } from '../record/arrivals.js';
import type { EventLog } from '../record/event-log.js';
import type { EventBody } from '../record/events.js';
import { systemClock } from '../support/clock.js';
import type { Journal } from './journal.js';
import { identityOf } from '../targets/process.js';

/**
 * The load of one run: drives the engines and is the only writer of `arrivals.bin`. The engines count from their own
 * start; here everything is moved onto the run's clock, whose seconds the start is aligned to.
 */
export class LoadSession {
  readonly #driver: LoadDriver;
  #file: ArrivalsFile | undefined;
  #startS = 0;
  #fileProblem = false;

  constructor(
    private readonly plan: LoadPlan,
    private readonly context: {
      log: EventLog;
      journal: Journal;
      t0Us: number;
      arrivalsPath: string;
      onSecond(record: EventBody<'second'>): void;
      onHealth(record: EventBody<'driver.health'>): void;
      onDeath(driver: 'open' | 'closed', reason: string): void;
    },
  ) {
    this.#driver = createLoadDriver(plan);
    this.#driver.onSecond((batch) => this.#record(batch));
    this.#driver.onDeath((driver, reason) => context.onDeath(driver, reason));
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#driver.prepare(signal);
    this.context.journal.willUndo(
      this.#driver.pids().map(({ label, pid }) => ({
        kind: 'end-group' as const,
        id: `run/load-${pid}`,
        fault: 'run',
        words: `end ${label} (process group ${pid})`,
        byHand: `kill -TERM -- -${pid}`,
        timeLimitMs: 5000,
        process: identityOf(pid) ?? { pid, startTime: 0, bootId: '' },
        label,
      })),
    );
  }

  pids(): number[] {
    return this.#driver.pids().map(({ pid }) => pid);
  }

  /** Starts at the next whole second of the run's clock that leaves the engines time to take the order. */
  async start(): Promise<void> {
    const { t0Us } = this.context;
    this.#startS = Math.ceil((systemClock.nowUs() - t0Us) / 1e6 + 0.15);
    this.#file = ArrivalsFile.create(this.context.arrivalsPath, {
      formatVersion: 1,
      runId: this.plan.runId,
      seed: this.plan.seed,
      t0Us,
      streams: streamHeaders(this.plan),
    } satisfies ArrivalsHeader);
    await this.#driver.start(t0Us + this.#startS * 1e6);
  }

  /** Microseconds from t0 at which the first arrival is due. */
  get startUs(): number {
    return this.#startS * 1e6;
  }

  /** @param atUs from t0; no arrival is due at or after it. */
  async stop(options: { atUs: number; drain: boolean }): Promise<Ledger> {
    const ledger = await this.#driver.stop({ atUs: Math.max(0, options.atUs - this.startUs), drain: options.drain });
    this.#file?.close();
    this.#file = undefined;
    return ledger;
  }

  async dispose(): Promise<void> {
    const pids = this.#driver.pids();
    await this.#driver.dispose();
    for (const { pid } of pids) this.context.journal.undone(`run/load-${pid}`);
  }

  #record(batch: DriverSecond): void {
    const { log } = this.context;
    for (const chunk of batch.chunks) {
      if (this.#startS > 0)
        for (let k = 0; k < chunk.columns.dueUs.length; k++) chunk.columns.dueUs[k]! += this.startUs;
      this.#file?.append(chunk);
    }
    // A full disk must not end the run before its faults are undone: the gap shows in the ledger's check.
    if (this.#file?.problem && !this.#fileProblem) {
      log.append('error', { code: 'arrivals_not_written', message: this.#file.problem.message });
      this.#fileProblem = true;
    }
    for (const second of batch.seconds) {
      const record = { ...second, second: second.second + this.#startS };
      log.append('second', record);
      this.context.onSecond(record);
    }
    const health = { ...batch.health, second: batch.health.second + this.#startS };
    log.append('driver.health', health);
    this.context.onHealth(health);
  }
}

/** The streams as `run.started` and the header of `arrivals.bin` describe them. */
export function streamHeaders(plan: LoadPlan): StreamHeader[] {
  return plan.streams.map((stream) => ({
    name: stream.name,
    model: stream.model,
    ...(stream.model === 'open'
      ? { ratePerSecond: stream.ratePerSecond, arrivals: stream.arrivals }
      : { users: stream.users }),
    requests: stream.requests.map((request) => request.name),
    deadlinesUs: stream.requests.map((request) => Math.round(request.deadlineMs * 1000)),
  }));
}
