import { alarmClock, type Due } from './alarm-clock.js';

/** One timer that never fires early, and late by microseconds rather than by the millisecond that Node's own timers may be. */
export class Alarm implements Due {
  dueMs = 0;
  place = -1;
  #action: (() => void) | undefined;

  /** @param dueMs on the clock of `performance.now()`; Infinity never comes. */
  set(dueMs: number, action: () => void): void {
    this.cancel();
    if (dueMs === Infinity) return;
    this.dueMs = dueMs;
    this.#action = action;
    alarmClock.add(this);
  }

  cancel(): void {
    if (this.place === -1) return;
    this.#action = undefined;
    alarmClock.remove(this);
  }

  fire(): void {
    const action = this.#action;
    this.#action = undefined;
    action?.();
  }
}
