import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { EventLog } from '../record/event-log.js';
import { redact } from '../record/redact.js';
import type { SystemPlan } from '../plan/plan.js';
import type { ProcessRef } from '../targets/targets.js';
import { PlimsollError } from '../support/errors.js';
import { systemClock } from '../support/clock.js';
import type { Journal } from './journal.js';
import { startOwnProcess, type Exit, type OwnProcess } from './own-process.js';
import { waitForReady } from './readiness.js';
import { Supervisor } from './supervisor.js';

/** The system under test as far as the run starts it: `system.start` and the services with `process.run`. */
export class System {
  readonly #supervisors = new Map<string, Supervisor>();
  #main: OwnProcess | undefined;
  #mainExit: Exit | undefined;
  #stopping = false;

  constructor(
    private readonly plan: SystemPlan,
    private readonly context: { journal: Journal; log: EventLog; logs: string; onDeath(reason: string): void },
  ) {}

  /** Starts everything and waits until it is ready. */
  async start(signal: AbortSignal): Promise<void> {
    const { plan, context } = this;
    const beganUs = systemClock.nowUs();
    const common = { journal: context.journal, log: context.log, logs: context.logs, cwd: plan.cwd, env: plan.env };
    for (const service of plan.services) {
      if (service.how !== 'run') continue;
      const supervisor = new Supervisor(service, common);
      this.#supervisors.set(service.name, supervisor);
      await supervisor.start(signal);
    }
    if (plan.start) await this.#startMain(plan.start);
    if (plan.ready) {
      await waitForReady(plan.ready, {
        who: 'the system',
        timeLimitMs: plan.readyTimeLimitMs,
        signal,
        ended: () => this.#death(),
        isOurs: plan.start !== undefined,
      });
      context.log.append('system.ready', { service: 'system', afterS: (systemClock.nowUs() - beganUs) / 1e6 });
    }
  }

  processes(service: string): ProcessRef[] | undefined {
    return this.#supervisors.get(service)?.processes();
  }

  /** How a process of a service that Plimsoll runs ended, once it has; undefined for any other. */
  exitOf(service: string, pid: number): Promise<Exit> | undefined {
    return this.#supervisors.get(service)?.exitOf(pid);
  }

  async restart(service: string, replica: number, signal: AbortSignal): Promise<ProcessRef> {
    const supervisor = this.#supervisors.get(service);
    if (!supervisor) {
      throw new PlimsollError({
        code: 'not_ours',
        message: `Plimsoll does not run ${service}, so it cannot restart it`,
        hint: `Give the fault a \`restart:\` command, or let Plimsoll run the service with \`process: { run: … }\`.`,
      });
    }
    return supervisor.restart(replica, signal);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#main?.end(10_000);
    await Promise.all([...this.#supervisors.values()].map(async (supervisor) => supervisor.stop()));
  }

  async #startMain(command: string): Promise<void> {
    const { plan, context } = this;
    const logFile = join(context.logs, 'system.log');
    this.#main = await startOwnProcess({
      label: 'the system',
      command,
      cwd: plan.cwd,
      env: plan.env,
      logFile,
      journal: context.journal,
    });
    const { pid, startTime } = this.#main.identity;
    context.log.append('system.started', { service: 'system', pid, group: pid, startTime, command: redact(command) });
    void this.#main.exited.then((exit) => {
      this.#mainExit = exit;
      context.log.append('system.exited', { service: 'system', pid, ...exit, expected: this.#stopping });
      if (!this.#stopping) context.onDeath(this.#death() ?? 'it ended');
    });
  }

  /** How the system ended, with the last thing it said; undefined while it lives. */
  #death(): string | undefined {
    if (!this.#mainExit) return undefined;
    const { exitCode, signal } = this.#mainExit;
    const how = signal ? `ended by ${signal}` : `exit code ${exitCode}`;
    const last = lastLine(join(this.context.logs, 'system.log'));
    return `${basename(this.plan.start ?? 'system')}: ${how}${last ? `; it said: ${last}` : ''}`;
  }
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  } catch {
    return '';
  }
}
