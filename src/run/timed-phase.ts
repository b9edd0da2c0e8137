import type { ScheduledFault } from '../plan/plan.js';
import type { WindowKind } from '../record/events.js';
import type { FaultRunner } from './fault-runner.js';
import { asStopped } from './stop-reason.js';

/**
 * The fault phase of a run: each fault comes at its time and goes with its own `for` or with the phase. What begins at 0 s
 * is injected before the window opens; an instant one opens it, since its harm begins with the order.
 */
export class TimedPhase {
  #startUs = 0;

  constructor(
    private readonly faults: readonly ScheduledFault[],
    private readonly faultMs: number,
    private readonly context: {
      faults: FaultRunner;
      /** Aborted with a `RunStopped` as its reason. */
      abort: AbortController;
      nowUs(): number;
      sleepUntilUs(us: number): Promise<void>;
      /** Told before the first fault, if one begins at once. */
      injecting(): void;
      openWindow(atUs: number): void;
      closeWindow(): void;
    },
  ) {}

  /** Returns when the phase is over; what is still active is left for the caller to undo. */
  async run(): Promise<void> {
    const { context } = this;
    const atOnce = this.faults.filter((fault) => fault.atMs === 0);
    const lasting = atOnce.filter((fault) => fault.definition.duration === 'lasting');
    const [first, ...rest] = atOnce.filter((fault) => fault.definition.duration === 'instant');
    const later = this.faults.filter((fault) => fault.atMs > 0);

    if (atOnce.length > 0) context.injecting();
    for (const fault of lasting) await this.#inject(fault);
    if (first === undefined) this.#openWindow();
    else {
      await this.#inject(first, { window: 'fault', onRequested: () => this.#openWindow() });
      for (const fault of rest) await this.#inject(fault, { window: 'fault' });
    }

    // One that fails must not leave the others running unseen: the first failure aborts all, then it is thrown.
    const lifetimes = [
      ...atOnce.map(async (fault) => this.#lift(fault)),
      ...later.map(async (fault) => {
        await context.sleepUntilUs(this.#startUs + fault.atMs * 1000);
        await this.#inject(fault, { window: 'fault' });
        await this.#lift(fault);
      }),
    ].map(async (lifetime) =>
      lifetime.catch((error: unknown) => {
        context.abort.abort(asStopped(error));
        throw error;
      }),
    );
    const end = context.sleepUntilUs(this.#startUs + this.faultMs * 1000);
    const ended = await Promise.allSettled([...lifetimes, end]);
    const broken = ended.find((outcome) => outcome.status === 'rejected');
    context.closeWindow();
    if (broken) throw broken.reason;
  }

  #openWindow(): void {
    this.#startUs = this.context.nowUs();
    this.context.openWindow(this.#startUs);
  }

  async #inject(fault: ScheduledFault, options: { window?: WindowKind; onRequested?: () => void } = {}): Promise<void> {
    const plannedEndMs = fault.forMs ?? this.faultMs - fault.atMs;
    await this.context.faults.inject(fault, { plannedEndMs, signal: this.context.abort.signal, ...options });
  }

  /** Undoes a fault with a `for` of its own when that is over, inside the window. */
  async #lift(fault: ScheduledFault): Promise<void> {
    if (fault.forMs === undefined || fault.atMs + fault.forMs >= this.faultMs) return;
    await this.context.sleepUntilUs(this.#startUs + (fault.atMs + fault.forMs) * 1000);
    await this.context.faults.undo((other) => other.id === fault.id);
  }
}
