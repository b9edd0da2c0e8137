import { Alarm } from './alarm.js';
import type { Random } from './random.js';
import type { Behaviour, Flow, Held, Memory, Toxic } from './toxics/toxic.js';

export interface Chunk {
  data: Buffer;
  readAtMs: number;
}

/** What stands behind a stage: the next stage, or the destination's socket. */
export interface Outlet {
  /** False asks the one before to wait; what is pushed all the same is kept. */
  hasRoom(): boolean;
  push(chunk: Chunk): void;
  /** The end of the stream, behind everything pushed so far. */
  end(): void;
}

/** So many steps without a wait in a row; then the rest of the server gets a turn (a chunk may be 32,768 slices). */
const BURST_STEPS = 256;

interface Queued extends Chunk {
  enteredAtMs: number;
}

/** One toxic's place in one link: a queue, and the toxic's behaviour (or none, when its toxicity was not rolled). */
export class Stage implements Outlet, Flow {
  outlet: Outlet;
  /** Called when a chunk left the queue: the one before may send again. */
  onRoom: () => void = () => undefined;
  readonly memory: Memory = { bytes: 0, lastWasDropped: false };

  #queue: Queued[] = [];
  #head = 0;
  #ended = false;
  #closed = false;
  #behaviour: Behaviour | undefined;
  #pumping = false;
  #interrupted = true;

  #step: (() => void) | undefined;
  #stepIsDue = false;
  #held: Held | undefined;
  readonly #waitAlarm = new Alarm();
  readonly #deadlineAlarm = new Alarm();

  #burst = 0;
  #enteredAtMs = 0;
  #endReachedAtMs: number | undefined;

  constructor(
    readonly toxic: Toxic,
    outlet: Outlet,
    readonly random: Random,
  ) {
    this.outlet = outlet;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Roll the toxicity and begin to work, or begin anew after `interrupt`. */
  start(): void {
    if (this.#closed) return;
    const { definition, attributes, toxicity } = this.toxic;
    this.#behaviour = this.random() < toxicity ? definition.behaviour?.(attributes, this) : undefined;
    this.#interrupted = false;
    this.#behaviour?.begin?.();
    this.pump();
  }

  /** Send what is held at once, stop the timers, and do nothing more until `start`. The queue stays. */
  interrupt(): void {
    this.#interrupted = true;
    this.#waitAlarm.cancel();
    this.#deadlineAlarm.cancel();
    const held = this.#held;
    this.#step = undefined;
    this.#held = undefined;
    if (held && !this.#closed) this.send(held.data, held.readAtMs);
  }

  /** Hand everything in the queue, and the end if it has come, to the outlet: the toxic is being removed. */
  drain(): void {
    if (this.#closed) return;
    while (this.#head < this.#queue.length) this.outlet.push(this.#shift());
    this.#closed = true;
    if (this.#ended) this.outlet.end();
  }

  /** Drop everything: the connection is over. */
  destroy(): void {
    this.#waitAlarm.cancel();
    this.#deadlineAlarm.cancel();
    this.#closed = true;
    this.#step = undefined;
    this.#held = undefined;
    this.#queue = [];
    this.#head = 0;
  }

  hasRoom(): boolean {
    return !this.#closed && this.#queue.length - this.#head < (this.toxic.definition.queuedChunks ?? 1);
  }

  push(chunk: Chunk): void {
    if (this.#closed) return;
    this.#queue.push({ data: chunk.data, readAtMs: chunk.readAtMs, enteredAtMs: performance.now() });
    this.pump();
  }

  end(): void {
    this.#ended = true;
    this.pump();
  }

  /** Do all that can be done now. */
  pump(): void {
    if (this.#pumping || this.#interrupted) return;
    this.#pumping = true;
    while (!this.#closed && !this.#interrupted && this.#workOnce());
    this.#pumping = false;
  }

  send(data: Buffer, readAtMs: number): void {
    if (this.#closed) return;
    this.outlet.push({ data, readAtMs });
    if (this.#behaviour && !this.toxic.definition.delaysClose) this.#noteDelay(this.#enteredAtMs);
  }

  drop(data: Buffer): void {
    this.toxic.seen.droppedBytes += data.length;
    this.toxic.seen.hits += 1;
  }

  wait(ms: number, held: Held | undefined, next: () => void): void {
    this.#held = held;
    this.#step = next;
    this.#burst += 1;
    this.#stepIsDue = ms <= 0 && this.#burst % BURST_STEPS !== 0;
    if (!this.#stepIsDue) this.#waitAlarm.set(performance.now() + ms, this.#onWaitOver);
  }

  deadline(ms: number, action: () => void): void {
    this.#deadlineAlarm.set(performance.now() + ms, action);
  }

  close(by: 'stream' | 'toxic'): void {
    if (this.#closed) return;
    if (by === 'toxic') {
      this.toxic.seen.closedConnections += 1;
      if (this.#endReachedAtMs !== undefined && this.toxic.definition.delaysClose)
        this.#noteDelay(this.#endReachedAtMs);
    }
    this.destroy();
    this.outlet.end();
  }

  /** @returns whether there may be more to do. */
  #workOnce(): boolean {
    if (this.#step) {
      if (!this.#stepIsDue) return false;
      const step = this.#step;
      this.#step = undefined;
      this.#held = undefined;
      step();
      return true;
    }
    if (this.#head < this.#queue.length) {
      if (!this.outlet.hasRoom()) return false;
      this.#take(this.#shift());
      this.onRoom();
      return true;
    }
    if (this.#ended) {
      this.#endReachedAtMs ??= performance.now();
      if (this.#behaviour?.end) this.#behaviour.end();
      else this.close('stream');
      return true;
    }
    return false;
  }

  #noteDelay(sinceMs: number): void {
    this.toxic.seen.delayedSumMs += performance.now() - sinceMs;
    this.toxic.seen.delayedCount += 1;
  }

  #take(chunk: Queued): void {
    if (!this.#behaviour) {
      this.send(chunk.data, chunk.readAtMs);
      return;
    }
    this.toxic.seen.chunks += 1;
    this.#enteredAtMs = chunk.enteredAtMs;
    this.#behaviour.take(chunk.data, chunk.readAtMs);
  }

  #shift(): Queued {
    const chunk = this.#queue[this.#head] as Queued;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return chunk;
  }

  readonly #onWaitOver = (): void => {
    this.#stepIsDue = true;
    this.pump();
  };
}
