import type { Plan, ScheduledFault } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import { CLOCK, SCRIPT } from '../result/game-day.js';
import { systemClock } from '../support/clock.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { FaultRunner } from './fault-runner.js';
import { refused, type Steering } from './steering.js';

interface Act {
  state: 'injecting' | 'active' | 'lifting';
  /** Aborted when the fault is lifted, so that its time limit is forgotten. */
  lifted: AbortController;
}

/**
 * The fault phase of a game day: faults come and go when a person, the script or their time limit says so. Its window is
 * open while at least one fault is active: from the proof of the first (its order, if it is an instant one) to the
 * request of the last undo, as often as that happens.
 */
export class SteeredPhase {
  readonly #acts = new Map<string, Act>();
  /** Faults that hold the window open. */
  readonly #open = new Set<string>();
  readonly #works = new Set<Promise<void>>();
  #problem: unknown;
  #over = false;
  /** How long the script has been held so far. */
  #heldMs = 0;

  constructor(
    private readonly plan: Plan,
    private readonly context: {
      steering: Steering;
      faults: FaultRunner;
      log: EventLog;
      signal: AbortSignal;
      /** Opens and closes the fault window, now. */
      openWindow(): void;
      closeWindow(): void;
    },
  ) {}

  /** Returns when the phase is over; what is still active is left for the caller to undo. */
  async run(): Promise<void> {
    const { steering, signal, log } = this.context;
    steering.begin(this);
    try {
      if (steering.setup.script) this.#track(this.#script());
      await steering.until(() => steering.finishing, signal);
    } finally {
      steering.end();
      this.#over = true;
      for (const { lifted } of this.#acts.values()) lifted.abort();
      await Promise.allSettled(this.#works);
      if (!signal.aborted && this.#open.size > 0) this.context.closeWindow();
    }
    if (this.#problem !== undefined) throw this.#problem;
    if (!log.events.some(({ type }) => type === 'fault.requested'))
      log.append('warning', { code: 'no_faults', message: 'nobody injected a fault: there is nothing to compare' });
  }

  /** Longest that a fault stays when nobody lifts it: its own `for`, else the length of the fault phase. */
  limitMs(fault: ScheduledFault): number {
    return fault.forMs ?? this.plan.phases.faultMs;
  }

  inject(id: string, who: string): void {
    const fault = this.#faultOf(id);
    if (this.#over) throw refused('the faults are being lifted already');
    if (this.#acts.has(id)) throw refused(`${id} is there already: lift it first`, 'fault_active');
    const act: Act = { state: 'injecting', lifted: new AbortController() };
    this.#acts.set(id, act);
    this.context.log.append('steer', { who, action: 'inject', subject: id });
    this.#track(this.#inject(fault, act));
  }

  lift(id: string, who: string): void {
    const fault = this.#faultOf(id);
    const act = this.#acts.get(id);
    if (!act) throw refused(`${id} is not there`, 'fault_not_active');
    if (act.state !== 'active')
      throw refused(`${id} is ${act.state === 'lifting' ? 'being lifted already' : 'still being injected'}`);
    act.state = 'lifting';
    act.lifted.abort();
    this.context.log.append('steer', { who, action: 'lift', subject: id });
    this.#track(this.#lift(fault));
  }

  async #inject(fault: ScheduledFault, act: Act): Promise<void> {
    const { faults, signal, log } = this.context;
    const open = () => {
      if (this.#open.size === 0) this.context.openWindow();
      this.#open.add(fault.id);
    };
    const seen = log.events.length;
    const isInstant = fault.definition.duration === 'instant';
    try {
      await faults.inject(fault, {
        plannedEndMs: this.limitMs(fault),
        signal,
        ...(this.#open.size > 0 ? { window: 'fault' as const } : {}),
        ...(isInstant ? { onRequested: open } : {}),
      });
    } catch (error) {
      if (signal.aborted) return;
      // What could not be injected, or not proven, must not linger: the game goes on without it.
      const known = log.events.slice(seen).some((event) => event.type === 'fault.failed' && event.fault === fault.id);
      if (known) this.#problem ??= error;
      else
        log.append('warning', { code: 'not_injected', message: `${fault.id} was not injected: ${messageOf(error)}` });
      await this.#end(fault);
      return;
    }
    if (!isInstant) open();
    act.state = 'active';
    if (!this.#over) this.#track(this.#limit(fault, act));
  }

  async #limit(fault: ScheduledFault, act: Act): Promise<void> {
    const { signal } = this.context;
    try {
      await systemClock.sleep(this.limitMs(fault), AbortSignal.any([signal, act.lifted.signal]));
    } catch {
      return; // Lifted before, or the run is over.
    }
    // The next turn: whoever lifts it at this very moment is first.
    if (act.state === 'active') this.lift(fault.id, CLOCK);
  }

  async #lift(fault: ScheduledFault): Promise<void> {
    try {
      await this.context.faults.proveTraffic((other) => other.id === fault.id);
    } catch (error) {
      this.#problem ??= error;
    }
    await this.#end(fault);
  }

  async #end(fault: ScheduledFault): Promise<void> {
    if (this.#open.delete(fault.id) && this.#open.size === 0) this.context.closeWindow();
    await this.context.faults.undo((other) => other.id === fault.id);
    this.#acts.delete(fault.id);
  }

  /** The scenario's own times, counted without the time in which a person held the script. */
  async #script(): Promise<void> {
    const { steering, signal } = this.context;
    const start = systemClock.nowUs() / 1000;
    for (const fault of this.plan.faults) {
      await this.#gate();
      await this.#reach(start, fault.atMs);
      if (this.#over) return;
      if (!this.#acts.has(fault.id)) this.inject(fault.id, SCRIPT);
    }
    await this.#reach(start, this.plan.phases.faultMs);
    await this.#gate();
    if (!steering.finishing && !signal.aborted && !this.#over) steering.finish(SCRIPT);
  }

  async #gate(): Promise<void> {
    const { steering, signal } = this.context;
    const from = systemClock.nowUs() / 1000;
    await steering.until(() => !steering.held || steering.finishing, signal);
    this.#heldMs += systemClock.nowUs() / 1000 - from;
  }

  /** Waits for a moment of the script, and as long as somebody holds it. */
  async #reach(startMs: number, atMs: number): Promise<void> {
    const { signal } = this.context;
    for (;;) {
      const left = startMs + this.#heldMs + atMs - systemClock.nowUs() / 1000;
      if (left > 0 && !this.#over && !this.context.steering.finishing) {
        await systemClock.sleep(Math.min(left, 200), signal);
        continue;
      }
      if (!this.context.steering.held || this.context.steering.finishing) return;
      await this.#gate();
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        if (!this.context.signal.aborted) this.#problem ??= error;
      })
      .finally(() => this.#works.delete(tracked));
    this.#works.add(tracked);
  }

  #faultOf(id: string): ScheduledFault {
    const fault = this.plan.faults.find((other) => other.id === id);
    if (fault) return fault;
    throw new PlimsollError({
      kind: 'usage',
      code: 'unknown_fault',
      message: `there is no fault ${JSON.stringify(id.slice(0, 40))}`,
      hint: `There are: ${this.plan.faults.map((other) => other.id).join(', ')}.`,
    });
  }
}
