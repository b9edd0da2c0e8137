import { join } from 'node:path';
import type { EventLog } from '../record/event-log.js';
import { redact } from '../record/redact.js';
import type { ServicePlan, ProcessRef } from '../targets/targets.js';
import { PlimsollError } from '../support/errors.js';
import { systemClock } from '../support/clock.js';
import type { Journal } from './journal.js';
import { startOwnProcess, type Exit, type OwnProcess } from './own-process.js';
import { waitForAddresses } from '../targets/reachable.js';

type RunService = Extract<ServicePlan, { how: 'run' }>;

const READY_LIMIT_MS = 30_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5000;

interface Replica {
  number: number;
  process: OwnProcess | undefined;
  backoffMs: number;
}

/**
 * Runs one service of the scenario (`process: { run, replicas, restart }`): starts its replicas, each with
 * `PLIMSOLL_REPLICA` set to 0, 1 …, and with `restart: always` brings back what dies.
 */
export class Supervisor {
  readonly #replicas: Replica[];
  readonly #exits = new Map<number, Promise<Exit>>();
  #stopping = false;

  constructor(
    private readonly service: RunService,
    private readonly context: {
      journal: Journal;
      log: EventLog;
      logs: string;
      cwd: string;
      env: Record<string, string>;
    },
  ) {
    this.#replicas = Array.from({ length: service.replicas }, (_, number) => ({
      number,
      process: undefined,
      backoffMs: FIRST_BACKOFF_MS,
    }));
  }

  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#replicas.map(async (replica) => this.#launch(replica)));
    await this.#untilReachable(this.service.addresses, signal);
    this.context.log.append('system.ready', { service: this.service.name, afterS: 0 });
  }

  /** The live replicas. */
  processes(): ProcessRef[] {
    return this.#replicas.flatMap(({ number, process }) =>
      process
        ? [
            {
              ...process.identity,
              service: this.service.name,
              replica: number,
              address: this.service.addresses[number],
              command: process.command,
            },
          ]
        : [],
    );
  }

  /** How a replica that had this pid ended, once it has; undefined for a pid that is not one of its own. */
  exitOf(pid: number): Promise<Exit> | undefined {
    return this.#exits.get(pid);
  }

  /** Ends one replica and starts it again. */
  async restart(number: number, signal: AbortSignal): Promise<ProcessRef> {
    const replica = this.#replicas[number];
    if (!replica)
      throw new PlimsollError({ code: 'no_target', message: `${this.service.name} has no replica ${number}` });
    const before = replica.process;
    replica.process = undefined;
    await before?.end(2000);
    await this.#launch(replica);
    const address = this.service.addresses[number];
    if (address) await this.#untilReachable([address], signal);
    const found = this.processes().find((process) => process.replica === number);
    if (!found)
      throw new PlimsollError({
        code: 'not_back',
        message: `${this.service.name} replica ${number} ended right after its restart`,
      });
    return found;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#replicas.map(async ({ process }) => process?.end(10_000)));
  }

  async #untilReachable(addresses: string[], signal: AbortSignal): Promise<void> {
    if (await waitForAddresses(addresses, READY_LIMIT_MS, signal)) return;
    throw new PlimsollError({
      code: 'not_ready',
      message: `${this.service.name} does not accept connections on ${addresses.join(', ')} within ${READY_LIMIT_MS / 1000} s`,
      hint: 'Its log is in the run directory under logs/.',
    });
  }

  async #launch(replica: Replica): Promise<void> {
    const { service, context } = this;
    const own = await startOwnProcess({
      label: `${service.name}-${replica.number}`,
      command: service.command,
      cwd: service.cwd ?? context.cwd,
      env: { ...context.env, ...service.env, PLIMSOLL_REPLICA: String(replica.number) },
      logFile: join(context.logs, `${service.name}-${replica.number}.log`),
      journal: context.journal,
    });
    replica.process = own;
    this.#exits.set(own.identity.pid, own.exited);
    const { pid, startTime } = own.identity;
    context.log.append('system.started', {
      service: service.name,
      pid,
      group: pid,
      startTime,
      command: redact(service.command),
      replica: replica.number,
    });
    void this.#watch(replica, own);
  }

  async #watch(replica: Replica, own: OwnProcess): Promise<void> {
    const startedUs = systemClock.nowUs();
    const exit = await own.exited;
    const expected = this.#stopping || replica.process !== own;
    this.context.log.append('system.exited', {
      service: this.service.name,
      pid: own.identity.pid,
      ...exit,
      expected,
      replica: replica.number,
    });
    if (expected) return;
    this.context.journal.undone(own.record);
    replica.process = undefined;
    if (this.service.restart !== 'always') return;
    // One that lived for a while starts again at once; one that dies at its start must not become a storm.
    if (systemClock.nowUs() - startedUs > 10_000_000) replica.backoffMs = FIRST_BACKOFF_MS;
    await systemClock.sleep(replica.backoffMs);
    replica.backoffMs = Math.min(replica.backoffMs * 2, LONGEST_BACKOFF_MS);
    if (this.#stopping || replica.process) return;
    try {
      await this.#launch(replica);
    } catch (error) {
      this.context.log.append('warning', {
        code: 'restart_failed',
        message: `${this.service.name} replica ${replica.number} could not be started again: ${String(error)}`,
      });
    }
  }
}
