import { Worker } from 'node:worker_threads';

/**
 * The other thread: it sleeps until the time in `due` (nanoseconds of the machine's monotonic clock, 0 for none), says so
 * once, and sleeps on. A change of `orders` makes it look again. In a string, so that it is found however this is built.
 */
const SLEEPER = `
const { parentPort, workerData } = require('node:worker_threads');
const orders = new Int32Array(workerData, 0, 1);
const due = new BigInt64Array(workerData, 8, 1);
parentPort.postMessage('awake');
for (;;) {
  const order = Atomics.load(orders, 0);
  const atNs = Atomics.load(due, 0);
  const leftMs = atNs === 0n ? Infinity : Number(atNs - process.hrtime.bigint()) / 1e6;
  if (leftMs > 0) Atomics.wait(orders, 0, order, leftMs);
  else if (Atomics.compareExchange(due, 0, atNs, 0n) === atNs) parentPort.postMessage('due');
}`;

/**
 * Wakes the event loop at a time, within a tenth of a millisecond where the machine lets it. Node.js's own timers count
 * whole milliseconds; a thread that sleeps on a futex does not, and costs no processor while it does (measured: turning
 * the event loop until the time has come took a core). It neither keeps the process alive nor must it work: whoever uses
 * it has a timer besides.
 */
export class Waker {
  readonly #shared = new SharedArrayBuffer(16);
  readonly #orders = new Int32Array(this.#shared, 0, 1);
  readonly #due = new BigInt64Array(this.#shared, 8, 1);
  readonly #onDue: () => void;
  /** What `performance.now()` calls 0, on the monotonic clock that the threads share. */
  readonly #zeroNs = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6));
  #state: 'asleep' | 'starting' | 'awake' | 'gone' = 'asleep';

  /** @param onDue called soon after the time that was set; it may be some microseconds early */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Its thread is not there yet, and will be soon. */
  get starting(): boolean {
    return this.#state === 'starting';
  }

  /** @param dueMs on the clock of `performance.now()`; replaces an earlier one that has not come */
  set(dueMs: number): void {
    Atomics.store(this.#due, 0, this.#zeroNs + BigInt(Math.round(dueMs * 1e6)));
    Atomics.add(this.#orders, 0, 1);
    Atomics.notify(this.#orders, 0);
  }

  /** Starts the thread, unless it has been. */
  start(): void {
    if (this.#state !== 'asleep') return;
    this.#state = 'starting';
    try {
      const worker = new Worker(SLEEPER, {
        eval: true,
        name: 'plimsoll-waker',
        workerData: this.#shared,
        // Nothing of the parent's: not its preloaded modules, not its standard streams.
        execArgv: [],
        stdin: false,
        resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
      });
      worker.on('message', (message) => {
        if (message === 'due') this.#onDue();
        else this.#state = 'awake';
      });
      worker.on('error', () => (this.#state = 'gone'));
      worker.on('exit', () => (this.#state = 'gone'));
      worker.unref();
    } catch {
      // No thread to be had: the timers must do.
      this.#state = 'gone';
    }
  }
}
