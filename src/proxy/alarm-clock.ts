import { Waker } from './waker.js';

/** What waits on the clock. */
export interface Due {
  readonly dueMs: number;
  /** In the clock's heap; -1 when it does not wait. The clock writes it. */
  place: number;
  fire(): void;
}

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
/** So close, or while the waker's thread is being started so much closer, the event loop is turned until the time has come. */
const TURN_MS = 0.15;
const TURN_AT_START_MS = 1.25;
/** What a timer that must not be late may be late by, and is set earlier. */
const TIMER_LATE_MS = 0.2;

/**
 * All alarms of the process: a heap by due time, and two that wake the event loop for the first of them. A timer, which
 * counts whole milliseconds of a clock that may lag (one for n ms comes 0.7 ms early to 1.1 ms late), keeps the process
 * alive and comes in any case; the waker comes in time.
 */
class AlarmClock {
  readonly #heap: Due[] = [];
  readonly #waker = new Waker(() => {
    this.#wakerDueMs = Infinity;
    this.#fire(performance.now());
  });
  #wakerDueMs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer comes at the latest. */
  #timerDueMs = Infinity;
  #turning = false;
  #firing = false;

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
    this.#waker.start();
    const remainingMs = next.dueMs - nowMs;
    const turnMs = this.#waker.starting ? TURN_AT_START_MS : TURN_MS;
    if (remainingMs <= turnMs) {
      this.#stopTimer();
      this.#turn();
      return;
    }
    if (next.dueMs < this.#wakerDueMs) {
      this.#wakerDueMs = next.dueMs;
      this.#waker.set(next.dueMs);
    }
    if (next.dueMs < this.#timerDueMs) {
      this.#stopTimer();
      this.#timerDueMs = next.dueMs;
      const delayMs = this.#waker.starting ? Math.floor(remainingMs - TIMER_LATE_MS) : Math.ceil(remainingMs);
      this.#timer = setTimeout(this.#onTimer, Math.min(delayMs, LONGEST_MS));
    }
  }

  #turn(): void {
    this.#turning = true;
    setImmediate(this.#onTurn);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timerDueMs = Infinity;
  }

  readonly #onTimer = (): void => {
    this.#timerDueMs = Infinity;
    this.#fire(performance.now());
  };

  readonly #onTurn = (): void => {
    this.#turning = false;
    this.#fire(performance.now());
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
