import type { Plan } from '../plan/plan.js';
import { trialOrder } from '../plan/trial-order.js';
import type { EventBody, Phase, WindowKind } from '../record/events.js';
import { EventLog } from '../record/event-log.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { Targets } from '../targets/targets.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { checkBaseline } from './baseline-check.js';
import { FaultRunner } from './fault-runner.js';
import { checkInvariants } from './invariants.js';
import type { Journal } from './journal.js';
import { LiveWatch } from './live-watch.js';
import { LoadSession } from './load-session.js';
import { requireReady } from './readiness.js';
import { guardsOf } from './guards.js';
import type { Guard, Trip } from './stop-guard.js';
import { SteeredPhase } from './steered-phase.js';
import type { Steering } from './steering.js';
import { StopSignals } from './stop-signals.js';
import { RunStopped } from './stop-reason.js';
import { isLookDue, settlingUs, takeLook } from './look.js';
import { SourceSampler } from './sources/sampler.js';
import { TimedPhase } from './timed-phase.js';
import { WarmUp } from './warm-up.js';

/**
 * The phase machine: warmup → baseline → checking → injecting → fault → undoing → recovery. It decides when; the rooms
 * beside it know how. Everything that it learns goes into the event log, which is the truth that is judged afterwards.
 */
export class Conductor {
  readonly #faults: FaultRunner;
  readonly #load: LoadSession;
  readonly #guards: readonly Guard[];
  readonly #signals: StopSignals;
  readonly #over = new AbortController();
  readonly #warmUp: WarmUp;
  readonly #sampler: SourceSampler;
  readonly #health: EventBody<'driver.health'>[] = [];
  readonly #live: LiveWatch | undefined;
  #harmMayHaveBegun = false;
  #trial = 1;
  /** Where the window that was closed last ended. */
  #windowEndUs = 0;

  constructor(
    private readonly plan: Plan,
    private readonly context: {
      directory: RunDirectory;
      log: EventLog;
      journal: Journal;
      targets: Targets;
      t0Us: number;
      /** Aborted with a `RunStopped` as its reason. */
      abort: AbortController;
      /** People steer the faults instead of the clock. */
      steering?: Steering | undefined;
    },
  ) {
    const { log, journal, targets, t0Us, directory } = context;
    this.#faults = new FaultRunner({ journal, log, targets, seed: plan.seed });
    this.#guards = guardsOf(plan);
    this.#live = context.steering && new LiveWatch(plan, log);
    this.#signals = new StopSignals(plan.stop.signals, { cwd: plan.system.cwd, env: plan.system.env });
    this.#warmUp = new WarmUp(plan.load);
    this.#sampler = new SourceSampler(plan, { log, t0Us, logPath: (name) => directory.log(name) });
    this.#load = new LoadSession(plan.load, {
      log,
      journal,
      t0Us,
      arrivalsPath: directory.arrivals,
      onSecond: (record) => this.#watchSecond(record),
      onHealth: (record) => {
        this.#warmUp.note(record.driver, record.schedulingLagP99Ms);
        this.#health.push(record);
      },
      onDeath: (driver, reason) =>
        this.stop(
          new PlimsollError({ code: 'driver_died', message: `the ${driver}-model load driver died: ${reason}` }),
        ),
    });
  }

  get faults(): FaultRunner {
    return this.#faults;
  }

  /** Has any fault been ordered? Before that, trouble of the system is trouble of the environment. */
  get harmMayHaveBegun(): boolean {
    return this.#harmMayHaveBegun;
  }

  /** Ends the run before its plan as `errored`. */
  stop(error: PlimsollError): void {
    this.context.abort.abort(new RunStopped({ kind: 'error', error }));
  }

  loadPids(): number[] {
    return this.#load.pids();
  }

  async prepareLoad(): Promise<void> {
    await this.#load.prepare(this.context.abort.signal);
  }

  /** All phases from the first request to the last. Throws what ended the run before its plan. */
  async conduct(): Promise<void> {
    const { phases } = this.plan;
    const { signal } = this.context.abort;

    this.#phase('warmup', phases.warmupMs);
    await this.#load.start();
    this.#sampler.start(AbortSignal.any([signal, this.#over.signal]));
    await this.#sleepUntilUs(this.#load.startUs + phases.warmupMs * 1000);
    await this.#warmUp.over(this.context.t0Us + this.#load.startUs, signal);

    const order = trialOrder(this.plan.trials);
    for (const [i, windows] of order.entries()) {
      this.#trial = i + 1;
      if (windows === 'AB') await this.#baseline();
      await this.#faultAndRecovery();
      const isLast = this.#trial === order.length;
      // What the fault left behind must not show in the next window.
      if (windows === 'BA' || !isLast) await this.#washOut();
      if (windows === 'BA') await this.#baseline();
      if (!isLast && (await this.#isDecided())) break;
    }
    this.#over.abort();
    await this.#load.stop({ atUs: this.#windowEndUs, drain: true });
    signal.throwIfAborted();
    await checkInvariants(this.plan, this.context.log, signal);
  }

  async #baseline(): Promise<void> {
    const { baselineMs } = this.plan.phases;
    this.#phase('baseline', baselineMs);
    const baseline = this.#open('baseline', this.nowUs());
    await this.#sleepUntilUs(baseline + baselineMs * 1000);
    const baselineEnd = this.nowUs();
    this.#close('baseline', baselineEnd);
    // A later one is judged with the rest: by then something was broken.
    if (this.#trial > 1) return;

    this.#phase('checking');
    checkBaseline({
      plan: this.plan,
      directory: this.context.directory,
      fromUs: baseline,
      toUs: baselineEnd,
      health: this.#health,
      events: this.context.log.events,
    });
    if (this.plan.system.ready && this.plan.system.readyMustHold) await requireReady(this.plan.system.ready);
    const { signal } = this.context.abort;
    await this.#signals.check(signal);
    this.#signals.watch(AbortSignal.any([signal, this.#over.signal]), (trip) => this.#trip(trip));
  }

  async #faultAndRecovery(): Promise<void> {
    const { phases } = this.plan;
    await (this.context.steering ? this.#steeredPhase(this.context.steering) : this.#timedPhase(phases.faultMs));
    this.#phase('undoing');
    let trafficProblem: unknown;
    try {
      await this.#faults.proveTraffic();
    } catch (error) {
      trafficProblem = error;
    }
    await this.#faults.undo();
    if (trafficProblem) throw trafficProblem;

    this.#phase('recovery', phases.recoveryMs);
    const recovery = this.#open('recovery', this.nowUs());
    await this.#sleepUntilUs(recovery + phases.recoveryMs * 1000);
    this.#close('recovery', this.nowUs());
  }

  /** A planned look between two trials. */
  async #isDecided(): Promise<boolean> {
    const { plan, context } = this;
    if (!isLookDue(plan, this.#trial)) return false;
    this.#phase('checking');
    // What was due in the last window must have ended, and be written.
    await this.#sleepUntilUs(this.#windowEndUs + settlingUs(plan));
    return takeLook({
      plan,
      trial: this.#trial,
      directory: context.directory,
      log: context.log,
      signal: context.abort.signal,
    });
  }

  async #washOut(): Promise<void> {
    const { warmupMs } = this.plan.phases;
    this.#phase('warmup', warmupMs);
    await this.#sleepUntilUs(this.nowUs() + warmupMs * 1000);
  }

  /** Whatever happened: no fault and no load stays. Not cancelled by anything. */
  async cleanUp(): Promise<void> {
    this.#over.abort();
    if (this.#faults.active().length > 0) {
      this.#phase('undoing');
      await this.#faults.undo();
    }
    await this.#load.stop({ atUs: this.nowUs(), drain: false }).catch((error: unknown) => {
      this.context.log.append('error', { code: 'load_stop_failed', message: String(error) });
    });
    await this.#load.dispose();
  }

  nowUs(): number {
    return systemClock.nowUs() - this.context.t0Us;
  }

  /** People, or a script that they hold and let go, say what comes and goes. */
  async #steeredPhase(steering: Steering): Promise<void> {
    const { abort, log } = this.context;
    this.#harmMayHaveBegun = true;
    this.#phase('fault');
    const phase = new SteeredPhase(this.plan, {
      steering,
      faults: this.#faults,
      log,
      signal: abort.signal,
      openWindow: () => void this.#open('fault', this.nowUs()),
      closeWindow: () => this.#close('fault', this.nowUs()),
    });
    await phase.run();
  }

  /** The clock says what comes and goes. */
  async #timedPhase(faultMs: number): Promise<void> {
    this.#harmMayHaveBegun = true;
    const phase = new TimedPhase(this.plan.faults, faultMs, {
      faults: this.#faults,
      abort: this.context.abort,
      nowUs: () => this.nowUs(),
      sleepUntilUs: async (us) => this.#sleepUntilUs(us),
      injecting: () => this.#phase('injecting'),
      openWindow: (atUs) => {
        this.#phase('fault', faultMs);
        this.#open('fault', atUs);
      },
      closeWindow: () => this.#close('fault', this.nowUs()),
    });
    await phase.run();
    if (this.plan.faults.length === 0)
      this.context.log.append('warning', {
        code: 'no_faults',
        message: 'the scenario has no faults: this is an A/A run',
      });
  }

  #watchSecond(record: EventBody<'second'>): void {
    // Trouble in the warm-up is a cold system; the checking phase looks at the baseline.
    if (this.#harmMayHaveBegun) this.#live?.onSecond(record);
    for (const guard of this.#guards) {
      const trip = guard.onSecond(record, this.#harmMayHaveBegun);
      if (trip) this.#trip(trip);
    }
  }

  #trip(trip: Trip): void {
    if (this.context.abort.signal.aborted) return;
    this.context.log.append('stop.tripped', trip);
    this.context.abort.abort(new RunStopped({ kind: 'guard', guard: trip.guard, message: trip.message }));
  }

  #phase(phase: Phase, plannedMs?: number): void {
    this.context.log.append('phase.started', {
      phase,
      trial: this.#trial,
      ...(plannedMs === undefined ? {} : { plannedS: plannedMs / 1000 }),
    });
  }

  #open(window: WindowKind, atUs: number): number {
    this.context.log.append('window.opened', { window, trial: this.#trial, atUs });
    return atUs;
  }

  #close(window: WindowKind, atUs: number): void {
    this.context.log.append('window.closed', { window, trial: this.#trial, atUs });
    this.#windowEndUs = atUs;
  }

  async #sleepUntilUs(us: number): Promise<void> {
    await systemClock.sleep((us - this.nowUs()) / 1000, this.context.abort.signal);
    // Timers may fire a little early.
    while (this.nowUs() < us) await systemClock.sleep(1, this.context.abort.signal);
  }
}
