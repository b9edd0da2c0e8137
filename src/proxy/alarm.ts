/** The longest delay that setTimeout takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
/** A remainder below this is waited for by yielding to the event loop: a timer can't be shorter than a millisecond. */
const YIELD_BELOW_MS = 0.5;

/**
 * One timer that never fires early. Node's own timers count whole milliseconds of a clock that may lag, so they can be
 * up to 0.7 ms early: the time is checked on firing, and the rest is waited for.
 */
export class Alarm {
  #dueMs = 0;
  #action: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /** @param dueMs on the clock of `performance.now()`; Infinity never comes. */
  set(dueMs: number, action: () => void): void {
    this.cancel();
    this.#dueMs = dueMs;
    this.#action = action;
    this.#arm(dueMs - performance.now());
  }

  cancel(): void {
    this.#action = undefined;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }

  #arm(remainingMs: number): void {
    if (remainingMs === Infinity) return;
    if (remainingMs < YIELD_BELOW_MS) {
      this.#immediate = setImmediate(this.#check);
    } else {
      this.#timer = setTimeout(this.#check, Math.min(Math.ceil(remainingMs), LONGEST_MS));
    }
  }

  readonly #check = (): void => {
    const remainingMs = this.#dueMs - performance.now();
    if (remainingMs > 0) {
      this.#arm(remainingMs);
      return;
    }
    const action = this.#action;
    this.#action = undefined;
    action?.();
  };
}
