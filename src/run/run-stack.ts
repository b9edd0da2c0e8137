import { join } from 'node:path';
import { measureCapacity } from '../load/index.js';
import type { Plan } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import type { RunDirectory } from '../record/run-directory.js';
import { isOwnProcess } from '../record/undo.js';
import { createTargets } from '../targets/create-targets.js';
import { identityOf } from '../targets/process.js';
import { ensureProxies, type ProxySet } from '../targets/link-proxies.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { Conductor } from './conductor.js';
import { EmbeddedProxy } from './embedded-proxy.js';
import { plannedFault } from './fault-runner.js';
import { expectedText } from './invariants.js';
import type { Journal } from './journal.js';
import { refuseOthers } from './preflight.js';
import { register, targetKeys, unregister } from './register.js';
import { selectorsOf } from './same-targets.js';
import type { Steering } from './steering.js';
import { RunStopped } from './stop-reason.js';
import { System } from './system.js';
import { topology } from './topology.js';
import { startWatchdog, type Watchdog } from './watchdog.js';

/** What a run builds up and takes down, in the order of building. */
export class RunStack {
  #proxy: EmbeddedProxy | undefined;
  #system: System | undefined;
  #conductor: Conductor | undefined;
  #watchdog: Watchdog | undefined;
  #proxies: ProxySet | undefined;
  /** A dead proxy that is being brought back. */
  #revival: Promise<void> | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly context: {
      runId: string;
      directory: RunDirectory;
      log: EventLog;
      journal: Journal;
      t0Us: number;
      abort: AbortController;
      handOver: AbortSignal;
      steering?: Steering | undefined;
    },
  ) {}

  async build(): Promise<void> {
    const { plan, context } = this;
    const { log, journal, directory, abort, runId, t0Us } = context;
    const { signal } = abort;
    await this.#guard();
    signal.throwIfAborted();
    this.#proxies = await this.#openLinks();

    this.#system = new System(plan.system, {
      journal,
      log,
      logs: directory.logs,
      onDeath: (reason) => this.#onSystemDeath(reason),
    });
    await this.#system.start(signal);
    await this.#calibrate();

    const system = this.#system;
    const targets = createTargets({
      runId,
      links: this.#proxies?.links ?? [],
      services: plan.system.services,
      supervisor: {
        processes: (service) => system.processes(service),
        restart: async (service, replica, within) => system.restart(service, replica, within),
        exitOf: (service, pid) => system.exitOf(service, pid),
      },
      ownPids: () => this.#ownPids(),
    });
    const { steering } = context;
    this.#conductor = new Conductor(plan, { directory, log, journal, targets, t0Us, abort, steering });
    await this.#conductor.prepareLoad();
    await this.#announce(this.#conductor);
  }

  async conduct(): Promise<void> {
    await this.#conductor?.conduct();
  }

  /** Why the run ended before its plan, for the log; the result is folded from it. */
  noteStop({ reason }: RunStopped): void {
    const { log } = this.context;
    switch (reason.kind) {
      case 'signal':
        log.append('signal', { signal: reason.signal });
        return;
      case 'person':
      case 'guard':
        return; // `steer` or `stop.tripped` is in the log already, with who or with its figures.
      case 'error':
        log.append('error', {
          code: reason.error.code,
          message: reason.error.hint ? `${reason.error.message} (${reason.error.hint})` : reason.error.message,
          ...(reason.error.cause === undefined ? {} : { cause: messageOf(reason.error.cause) }),
        });
    }
  }

  /** Faults first, then the load, the system, the proxy; the watchdog last. Each step is tried whatever the others did. */
  async takeDown(): Promise<void> {
    const { log, journal, runId } = this.context;
    await this.#try('undo', async () => this.#conductor?.cleanUp());
    await this.#try('system stop', async () => this.#system?.stop());
    // One that is just coming back would outlive the run.
    await this.#try('proxy revival', async () => this.#revival);
    await this.#try('proxy removal', async () => (this.#proxy ? undefined : this.#proxies?.remove()));
    await this.#try('proxy stop', async () => this.#proxy?.stop());
    const owed = journal.pending().filter((record) => !isOwnProcess(record));
    await this.#try('watchdog', async () => this.#watchdog?.finish());
    // A fault that is still owed keeps its entry, so that `plimsoll recover` finds it.
    if (owed.length === 0) await this.#try('register', async () => unregister(runId));
    else
      log.append('warning', {
        code: 'undo_owed',
        message: `${owed.length} undo records are still owed; run: plimsoll recover`,
      });
    journal.close();
  }

  async #guard(): Promise<void> {
    const { plan, context } = this;
    const { runId, directory } = context;
    this.#watchdog = await startWatchdog({
      runId,
      journalPath: directory.journal,
      directory: directory.path,
      libraries: [
        ...(plan.faults.some(({ definition }) => definition.family === 'container') ? (['engine'] as const) : []),
        // Links and containers are put back by their servers.
        ...(plan.faults.some(({ definition }) => !['link', 'container'].includes(definition.family))
          ? (['programs'] as const)
          : []),
      ],
    });
    this.#watchdog.onDeath((reason) =>
      context.log.append('warning', {
        code: 'watchdog_died',
        message: `the watchdog ended (${reason}); if this run is killed now, its faults stay until: plimsoll recover`,
      }),
    );
    context.handOver.addEventListener('abort', () => this.#watchdog?.takeOver(), { once: true });
    register({
      runId,
      journalPath: directory.journal,
      directory: directory.path,
      conductor: identityOf(process.pid) ?? { pid: process.pid, startTime: 0, bootId: '' },
      watchdog: this.#watchdog.identity,
      targets: targetKeys(plan.system),
      selectors: selectorsOf(plan.system.services),
    });
    // Two runs that were started at the same moment have not seen each other before; now at least the second does.
    await refuseOthers(plan, runId);
  }

  async #openLinks(): Promise<ProxySet | undefined> {
    const { plan, context } = this;
    if (plan.system.links.length === 0) return undefined;
    const { runId, directory, journal } = context;
    if (plan.system.toxiproxy) {
      return ensureProxies(plan.system.links, { api: plan.system.toxiproxy, runId, embedded: false, journal });
    }
    this.#proxy = await EmbeddedProxy.start({
      seed: plan.seed,
      port: 0,
      logFile: join(directory.logs, 'proxy.log'),
      journal,
      onDeath: (reason) => {
        this.#revival = this.#reviveProxy(reason);
      },
    });
    return ensureProxies(plan.system.links, { api: this.#proxy.url, runId, embedded: true });
  }

  /** A dead proxy would cut the system's traffic for good: it comes back without toxics, and the run ends `errored`. */
  async #reviveProxy(reason: string): Promise<void> {
    const { plan, context } = this;
    // A run that is over already takes its system down; its toxics died with the proxy.
    if (context.abort.signal.aborted) return;
    const port = Number(new URL(this.#proxy?.url ?? 'http://127.0.0.1:0').port);
    try {
      this.#proxy = await EmbeddedProxy.start({
        seed: plan.seed,
        port,
        logFile: join(context.directory.logs, 'proxy.log'),
        journal: context.journal,
        onDeath: () => undefined,
      });
      await ensureProxies(plan.system.links, { api: this.#proxy.url, runId: context.runId, embedded: true });
    } catch (error) {
      context.log.append('warning', { code: 'proxy_not_revived', message: messageOf(error) });
    }
    context.abort.abort(
      new RunStopped({
        kind: 'error',
        error: new PlimsollError({ code: 'proxy_died', message: `the embedded proxy died: ${reason}` }),
      }),
    );
  }

  async #calibrate(): Promise<void> {
    const { plan, context } = this;
    for (const { stream: name, share } of plan.capacityShares) {
      const stream = plan.load.streams.find((candidate) => candidate.name === name);
      if (stream?.model !== 'open') continue;
      const capacity = await measureCapacity(stream, {
        signal: context.abort.signal,
        onStep: (step) => void context.log.append('capacity.step', step),
      });
      context.log.append('capacity.measured', capacity);
      if (capacity.driverBound) {
        context.log.append('warning', {
          code: 'driver_bound',
          message: `the load driver, not the system, was at its limit: the capacity of ${Math.round(capacity.perSecond)}/s is a lower bound, and the rate of ${name} a share of that`,
        });
      }
      stream.ratePerSecond = capacity.perSecond * share;
      stream.inFlightCap = Math.max(
        stream.inFlightCap,
        Math.ceil((2 * stream.ratePerSecond * (stream.requests[0]?.deadlineMs ?? 5000)) / 1000),
      );
    }
  }

  /** Resolves every target for real, injects nothing, and writes down what is going to happen. */
  async #announce(conductor: Conductor): Promise<void> {
    const { plan, context } = this;
    const faults = [];
    for (const fault of plan.faults) {
      const planned = plannedFault(fault, await conductor.faults.prepare(fault));
      faults.push(context.steering ? { ...planned, byHand: true } : planned);
    }
    context.log.append('plan.resolved', {
      slos: plan.slos,
      faults,
      invariants: plan.invariants.map((invariant) => ({ name: invariant.name, expected: expectedText(invariant) })),
      ...(plan.budget ? { budget: plan.budget.policy } : {}),
      topology: topology(plan.system),
      power: plan.power,
      warnings: plan.warnings,
      ...(Object.keys(plan.noise).length > 0 ? { noise: plan.noise } : {}),
    });
  }

  /** Never a target: the run's own parts. */
  #ownPids(): number[] {
    return [process.pid, this.#watchdog?.identity.pid, this.#proxy?.pid, ...(this.#conductor?.loadPids() ?? [])].filter(
      (pid) => pid !== undefined,
    );
  }

  #onSystemDeath(reason: string): void {
    const { context } = this;
    // Once harm may have begun, a dying system is a finding, and the SLOs judge it.
    if (this.#conductor?.harmMayHaveBegun) {
      context.log.append('warning', { code: 'system_ended', message: `the system ended during the run: ${reason}` });
      return;
    }
    const error = new PlimsollError({
      code: 'system_ended',
      message: `the system ended before anything was broken: ${reason}`,
    });
    context.abort.abort(new RunStopped({ kind: 'error', error }));
  }

  async #try(what: string, step: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.context.log.append('error', { code: 'clean_up_failed', message: `${what}: ${messageOf(error)}` });
    }
  }
}
