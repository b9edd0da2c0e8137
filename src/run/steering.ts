import type { EventLog } from '../record/event-log.js';
import { PlimsollError } from '../support/errors.js';
import type { SteeredPhase } from './steered-phase.js';
import { RunStopped } from './stop-reason.js';

/** How a game day is set up. */
export interface GameDaySetup {
  /** The scenario's faults come at their times; else only when a person says so. */
  script: boolean;
  /** The team does not see what is injected until it is revealed. */
  blind: boolean;
}

/**
 * What people may do to a run in place of the clock. Each order is checked, written into the event log with who gave it,
 * and carried out from there; none waits. What became of it shows in the events that follow.
 *
 * @throws PlimsollError of kind `usage` when an order makes no sense now: `not_now`, `unknown_fault`, `fault_active` …
 */
export class Steering {
  #run: { log: EventLog; abort: AbortController } | undefined;
  #phase: SteeredPhase | undefined;
  #held: boolean;
  #revealed = false;
  /** Told when the run may go on, or when the faults' phase is to end. */
  readonly #waiting = new Set<() => void>();
  #finishing = false;

  constructor(readonly setup: GameDaySetup) {
    // A script begins when a person says so.
    this.#held = setup.script;
  }

  /** The run is there. */
  attach(run: { log: EventLog; abort: AbortController }): void {
    this.#run = run;
  }

  /** From now on faults may be ordered. */
  begin(phase: SteeredPhase): void {
    this.#phase = phase;
  }

  end(): void {
    this.#phase = undefined;
  }

  /** Does the script wait for a person before its next step? */
  get held(): boolean {
    return this.#held;
  }

  get finishing(): boolean {
    return this.#finishing;
  }

  /** Returns when `done` holds, which is asked after each order that moves the run; rejects with the signal's reason. */
  async until(done: () => boolean, signal: AbortSignal): Promise<void> {
    while (!done()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const settle = (after: () => void) => () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', stop);
          after();
        };
        const wake = settle(resolve);
        const stop = settle(() => reject(signal.reason as Error));
        this.#waiting.add(wake);
        signal.addEventListener('abort', stop, { once: true });
      });
    }
  }

  inject(fault: string, who: string): void {
    this.#phaseNow().inject(fault, who);
  }

  lift(fault: string, who: string): void {
    this.#phaseNow().lift(fault, who);
  }

  /** The script waits before its next step. */
  hold(who: string): void {
    const { log } = this.#runNow();
    if (!this.setup.script) throw refused('nothing to hold: without a script each step waits for a person anyway');
    if (this.#held) throw refused('the script is held already');
    this.#held = true;
    log.append('steer', { who, action: 'hold' });
  }

  /** A held script goes on. */
  go(who: string): void {
    const { log } = this.#runNow();
    if (!this.#held) throw refused('nothing is held');
    this.#held = false;
    log.append('steer', { who, action: 'go' });
    this.#wake();
  }

  /** No further fault: what is active is lifted, and the recovery begins. */
  finish(who: string): void {
    const { log } = this.#runNow();
    this.#phaseNow();
    if (this.#finishing) throw refused('the faults are being lifted already');
    this.#finishing = true;
    log.append('steer', { who, action: 'finish' });
    this.#wake();
  }

  /** Ends the run at once; everything is undone. Asked twice, it is done once. */
  abort(who: string): void {
    const { log, abort } = this.#runNow();
    if (abort.signal.aborted) return;
    // First the stop, then its line in the log: nothing that is slow may stand between a person and the undo.
    abort.abort(new RunStopped({ kind: 'person', who }));
    log.append('steer', { who, action: 'abort' });
  }

  note(who: string, text: string, kind?: 'detected' | 'mitigated'): void {
    this.#runNow().log.append('note', { who, text, ...(kind ? { kind } : {}) });
  }

  /** Shows the team what a blind game day has hidden. */
  reveal(who: string): void {
    const { log } = this.#runNow();
    if (!this.setup.blind || this.#revealed) throw refused('nothing is hidden');
    this.#revealed = true;
    log.append('steer', { who, action: 'reveal' });
  }

  #wake(): void {
    // Each takes itself out of the set, which a loop over it bears.
    for (const tell of this.#waiting) tell();
  }

  #runNow() {
    if (!this.#run) throw refused('the run is still being prepared');
    return this.#run;
  }

  #phaseNow(): SteeredPhase {
    const { abort } = this.#runNow();
    if (!this.#phase || abort.signal.aborted)
      throw refused('faults come and go only after the baseline and before the recovery');
    return this.#phase;
  }
}

/** An order that makes no sense now. */
export function refused(message: string, code = 'not_now'): PlimsollError {
  return new PlimsollError({ kind: 'usage', code, message });
}
