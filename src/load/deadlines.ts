/** What can expire: an item of one `DeadlineQueue` at a time. */
export interface Expiring {
  /** Microseconds from t0. */
  deadlineAtUs: number;
  earlier: Expiring | undefined;
  later: Expiring | undefined;
}

/**
 * Items in the order of their deadlines. Deadlines of equal length expire in the order of their due times, so adding is
 * appending; one that ends early is unlinked at once, so nothing is kept for longer than it is open.
 */
export class DeadlineQueue<T extends Expiring> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  add(item: T): void {
    // Due times of a closed-model stream are in order too, since they are moments of the past.
    let before = this.#last;
    while (before && before.deadlineAtUs > item.deadlineAtUs) before = before.earlier as T | undefined;
    const after = before ? (before.later as T | undefined) : this.#first;
    item.earlier = before;
    item.later = after;
    if (before) before.later = item;
    else this.#first = item;
    if (after) after.earlier = item;
    else this.#last = item;
  }

  remove(item: T): void {
    if (item.earlier) item.earlier.later = item.later;
    else if (this.#first === item) this.#first = item.later as T | undefined;
    else return;
    if (item.later) item.later.earlier = item.earlier;
    else this.#last = item.earlier as T | undefined;
    item.earlier = undefined;
    item.later = undefined;
  }
}

/**
 * Deadlines by one clock and one timer: a queue for each length of deadline instead of a timer for each request.
 */
export class Deadlines<T extends Expiring> {
  readonly #queues = new Map<number, DeadlineQueue<T>>();
  #timer: NodeJS.Timeout | undefined;
  #timerAtUs = Infinity;

  constructor(
    private readonly nowUs: () => number,
    private readonly onExpired: (item: T) => void,
  ) {}

  add(item: T, lengthUs: number): void {
    let queue = this.#queues.get(lengthUs);
    if (!queue) this.#queues.set(lengthUs, (queue = new DeadlineQueue()));
    queue.add(item);
    this.#arm(item.deadlineAtUs);
  }

  remove(item: T, lengthUs: number): void {
    this.#queues.get(lengthUs)?.remove(item);
  }

  /** All that have not ended: a list, since whoever gets it takes them out. */
  items(): T[] {
    const items: T[] = [];
    for (const queue of this.#queues.values()) {
      for (let item = queue.first; item; item = item.later as T | undefined) items.push(item);
    }
    return items;
  }

  /** Expires what is over time, and waits for the next. */
  check(): void {
    let nextUs = Infinity;
    for (const queue of this.#queues.values()) {
      for (let item = queue.first; item && item.deadlineAtUs <= this.nowUs(); item = queue.first) {
        queue.remove(item);
        this.onExpired(item);
      }
      nextUs = Math.min(nextUs, queue.first?.deadlineAtUs ?? Infinity);
    }
    this.#arm(nextUs);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timerAtUs = 0;
  }

  /** An earlier wake-up than needed does no harm, so ends of requests leave the timer alone. */
  #arm(atUs: number): void {
    if (atUs >= this.#timerAtUs || atUs === Infinity) return;
    clearTimeout(this.#timer);
    this.#timerAtUs = atUs;
    const delayMs = Math.min(2 ** 31 - 1, Math.max(1, Math.ceil((atUs - this.nowUs()) / 1000)));
    this.#timer = setTimeout(() => {
      this.#timerAtUs = Infinity;
      this.check();
    }, delayMs);
  }
}
