import type { Socket } from 'node:net';
import type { Intake, Receiver } from './intake.js';
import type { Random } from './random.js';
import { Stage, type Chunk, type Outlet } from './stage.js';
import type { Stream, Toxic } from './toxics/toxic.js';

/** Stands in a link besides the toxics, at one of its ends. */
export interface EndPart extends Outlet {
  outlet: Outlet;
  /** Called when it has room again. */
  onRoom: () => void;
  /** What stands behind it has room again. */
  pump(): void;
}

/** The original reads at most this much at once; slices, rates and jitter go by chunk. */
const CHUNK_BYTES = 32 * 1024;

/** All links without toxics share it. */
const NO_STAGES: Stage[] = [];

/** The connection that a link belongs to. */
export interface LinkOwner {
  /** The chance of this direction; asked for only when a toxic needs it. */
  random(stream: Stream): Random;
  /** Close the socket after everything written to it. */
  close(socket: Socket): void;
}

/**
 * One direction of one connection: source → toxics in order of creation → destination. Without toxics it is a bare path:
 * what is read is written, with backpressure, and nothing else. When the end of the stream leaves the chain the
 * destination is closed whole, not half.
 */
export class Link implements Receiver, Outlet {
  #stages: Stage[] = NO_STAGES;
  #front: EndPart | undefined;
  #back: EndPart | undefined;
  #sourceEnded = false;
  #finished = false;
  #paused = true;
  #random: Random | undefined;

  constructor(
    private readonly stream: Stream,
    private readonly source: Socket,
    private readonly destination: Socket,
    private readonly owner: LinkOwner,
  ) {}

  /** Begin to read. @param toxics all of the proxy; those of the other direction are left out. */
  start(toxics: readonly Toxic[], intake: Intake): void {
    for (const toxic of toxics) {
      if (toxic.stream === this.stream && toxic.definition.behaviour !== undefined) this.#append(toxic);
    }
    for (const stage of this.#stages) stage.start();
    intake.receiver = this;
    this.source.on('end', this.#onSourceEnd).on('close', this.#onSourceEnd);
    this.destination.on('drain', this.#onDrain);
    this.#resumeSource();
  }

  /** Is there no toxic in the way? */
  get bare(): boolean {
    return this.#first === undefined;
  }

  /** Before all toxics, to stay. */
  setFront(part: EndPart): void {
    this.#front = part;
    this.#connectStages();
    // As in `appendToxic`.
    this.#resumeSource();
  }

  /** Behind all toxics, to stay. */
  setBack(part: EndPart): void {
    this.#back = part;
    this.#connectStages();
    this.#resumeSource();
  }

  /** A toxic was added behind the others. What the last one holds goes out past the new one. */
  appendToxic(toxic: Toxic): void {
    if (this.#finished) return;
    const last = this.#stages.at(-1);
    last?.interrupt();
    const added = this.#append(toxic);
    added.start();
    last?.start();
    // The bare path may have stopped reading for the destination's sake; the new queue has room.
    this.#resumeSource();
  }

  updateToxic(toxic: Toxic): void {
    const stage = this.#stages.find((stage) => stage.toxic === toxic);
    if (!stage || stage.closed) return;
    stage.interrupt();
    stage.start();
  }

  removeToxic(toxic: Toxic): void {
    const index = this.#stages.findIndex((stage) => stage.toxic === toxic);
    const stage = this.#stages[index];
    if (!stage || stage.closed) return;
    stage.interrupt();
    if (toxic.definition.closesWhenRemoved) {
      stage.close('toxic');
      return;
    }
    stage.drain();
    this.#stages = this.#stages.length === 1 ? NO_STAGES : this.#stages.filter((other) => other !== stage);
    this.#connectStages();
    const previous = this.#stages[index - 1];
    previous?.interrupt();
    previous?.start();
    this.#resumeSource();
  }

  /** The connection is over: drop what is held. */
  destroy(): void {
    this.#finished = true;
    for (const stage of this.#stages) stage.destroy();
    this.destination.off('drain', this.#onDrain);
  }

  #append(toxic: Toxic): Stage {
    this.#random ??= this.owner.random(this.stream);
    const stage = new Stage(toxic, this, this.#random);
    this.#stages = [...this.#stages, stage];
    this.#connectStages();
    return stage;
  }

  get #first(): EndPart | undefined {
    return this.#front ?? this.#stages[0] ?? this.#back;
  }

  #connectStages(): void {
    const chain = [this.#front, ...this.#stages, this.#back].filter((part) => part !== undefined);
    chain.forEach((part, index) => {
      const previous = chain[index - 1];
      part.outlet = chain[index + 1] ?? this;
      part.onRoom = previous ? () => previous.pump() : this.#resumeSource;
    });
  }

  /** Something was read. */
  receive(data: Buffer): boolean {
    const first = this.#first;
    if (first === undefined) return this.#pass(data);
    const readAtMs = performance.now();
    for (let start = 0; start < data.length; start += CHUNK_BYTES) {
      first.push({ data: Buffer.from(data.subarray(start, start + CHUNK_BYTES)), readAtMs });
    }
    if (!first.hasRoom()) this.#pauseSource();
    return true;
  }

  /** The destination: has it room for what leaves the chain? */
  hasRoom(): boolean {
    const { destination } = this;
    return destination.destroyed || !destination.writableNeedDrain || destination.writableLength === 0;
  }

  push(chunk: Chunk): void {
    if (!this.destination.destroyed && !this.#finished) this.destination.write(chunk.data);
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.owner.close(this.destination);
  }

  /** The bare path: most writes are done at once, and then the data is needed no more. */
  #pass(data: Buffer): boolean {
    const { destination } = this;
    if (destination.destroyed || this.#finished) return true;
    // What must queue behind other data is copied: of the memory that is read into, one write at most is unfinished.
    const queues = destination.writableLength > 0;
    destination.write(queues ? Buffer.from(data) : data);
    if (destination.writableLength === 0) return true;
    if (destination.writableNeedDrain) this.#pauseSource();
    return queues;
  }

  readonly #onDrain = (): void => {
    const last = this.#back ?? this.#stages.at(-1) ?? this.#front;
    if (last) last.pump();
    else this.#resumeSource();
  };

  readonly #resumeSource = (): void => {
    if (!this.#paused || !(this.#first ?? this).hasRoom()) return;
    this.#paused = false;
    this.source.resume();
  };

  #pauseSource(): void {
    this.#paused = true;
    this.source.pause();
  }

  readonly #onSourceEnd = (): void => {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    (this.#first ?? this).end();
  };
}
