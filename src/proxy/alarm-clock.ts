/** What waits on the clock. */
export interface Due {
  readonly dueMs: number;
  /** In the clock's heap; -1 when it does not wait. The clock writes it. */
  place: number;
  fire(): void;
}

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
/**
 * Node's timers count whole milliseconds of a clock that may lag: one for n ms comes 0.7 ms early to 1.1 ms late. So it
 * is set to come before the due time, and the rest, at most this, is waited for by turns of the event loop.
 */
const SPIN_MS = 1.25;
/** What a timer may be late by, and must be set earlier. */
const TIMER_LATE_MS = 0.2;
/** Turning costs a processor: it may take this share of the time ... */
const SPIN_SHARE = 0.25;
/** ... with so much saved up. Without credit, timers of whole milliseconds must do, and come up to 1.1 ms late. */
const MOST_CREDIT_MS = 250;
/** A turn that took longer did something useful. */
const LONGEST_TURN_MS = 0.05;

/** All alarms of the process: a heap by due time, one timer, one turn of the event loop after another when it gets close. */
class AlarmClock {
  readonly #heap: Due[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer comes at the latest. */
  #timerDueMs = Infinity;
  #turning = false;
  #firing = false;
  #creditMs = MOST_CREDIT_MS;
  #creditAtMs = 0;

  add(alarm: Due): void {
    this.#rise(alarm, this.#heap.length);
    if (alarm.place === 0) this.#arm(performance.now());
  }

  remove(alarm: Due): void {
    const last = this.#heap.pop() as Due;
    const { place } = alarm;
    alarm.place = -1;
    if (last !== alarm) {
      this.#sink(last, place);
      this.#rise(last, last.place);
    }
    // The timer stays, for nothing but a look; only an idle clock must not keep the process.
    if (this.#heap.length === 0) this.#stopTimer();
  }

  #arm(nowMs: number): void {
    const next = this.#heap[0];
    if (!next || this.#firing || this.#turning) return;
    const remainingMs = next.dueMs - nowMs;
    if (remainingMs <= 0 || (remainingMs <= SPIN_MS && this.#hasCredit(nowMs))) {
      this.#stopTimer();
      this.#turn();
    } else if (next.dueMs < this.#timerDueMs) {
      this.#stopTimer();
      const early = remainingMs > SPIN_MS ? Math.floor(remainingMs - TIMER_LATE_MS) : Math.ceil(remainingMs);
      this.#timerDueMs = next.dueMs;
      this.#timer = setTimeout(this.#onTimer, Math.min(early, LONGEST_MS));
    }
  }

  #turn(): void {
    this.#turning = true;
    setImmediate(this.#onTurn, performance.now());
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timerDueMs = Infinity;
  }

  #hasCredit(nowMs: number): boolean {
    this.#creditMs = Math.min(MOST_CREDIT_MS, this.#creditMs + (nowMs - this.#creditAtMs) * SPIN_SHARE);
    this.#creditAtMs = nowMs;
    return this.#creditMs >= SPIN_MS;
  }

  readonly #onTimer = (): void => {
    this.#timerDueMs = Infinity;
    this.#fire(performance.now());
  };

  readonly #onTurn = (sinceMs: number): void => {
    this.#turning = false;
    const nowMs = performance.now();
    const remainingMs = (this.#heap[0]?.dueMs ?? Infinity) - nowMs;
    if (remainingMs > 0) this.#creditMs -= Math.min(LONGEST_TURN_MS, nowMs - sinceMs);
    // Begun, it goes on to the end, with credit or without.
    if (remainingMs > 0 && remainingMs <= SPIN_MS) this.#turn();
    else this.#fire(nowMs);
  };

  /** All that is due. What they set anew comes in a later turn, so that sockets are not kept waiting. */
  #fire(nowMs: number): void {
    this.#firing = true;
    for (let next = this.#heap[0]; next && next.dueMs <= nowMs; next = this.#heap[0]) {
      this.remove(next);
      next.fire();
    }
    this.#firing = false;
    this.#arm(performance.now());
  }

  /** Put the alarm at this free place or nearer to the top. */
  #rise(alarm: Due, place: number): void {
    let at = place;
    while (at > 0) {
      const above = this.#heap[(at - 1) >> 1] as Due;
      if (above.dueMs <= alarm.dueMs) break;
      this.#put(above, at);
      at = (at - 1) >> 1;
    }
    this.#put(alarm, at);
  }

  /** Put the alarm at this free place or further from the top. */
  #sink(alarm: Due, place: number): void {
    let at = place;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const sooner = left && right && right.dueMs < left.dueMs ? right : left;
      if (!sooner || sooner.dueMs >= alarm.dueMs) break;
      const below = sooner.place;
      this.#put(sooner, at);
      at = below;
    }
    this.#put(alarm, at);
  }

  #put(alarm: Due, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }
}

export const alarmClock = new AlarmClock();
