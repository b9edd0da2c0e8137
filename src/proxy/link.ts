import type { Socket } from 'node:net';
import type { Random } from './random.js';
import { Stage, type Chunk, type Outlet } from './stage.js';
import type { Toxic } from './toxics/toxic.js';

/** The original reads at most this much at once; slices, rates and jitter go by chunk. */
const CHUNK_BYTES = 32 * 1024;

/**
 * One direction of one connection: source → toxics in order of creation → destination. Without toxics it is a bare path:
 * what is read is written, with backpressure, and nothing else. When the end of the stream leaves the chain the
 * destination is closed whole, not half.
 */
export class Link {
  #stages: Stage[] = [];
  #sourceEnded = false;
  #finished = false;
  readonly #sink: Outlet;

  constructor(
    private readonly source: Socket,
    private readonly destination: Socket,
    private readonly random: Random,
    /** Close the destination after everything written to it. */
    private readonly closeDestination: () => void,
  ) {
    this.#sink = {
      hasRoom: () => destination.destroyed || !destination.writableNeedDrain,
      push: (chunk) => {
        if (!destination.destroyed && !this.#finished) destination.write(chunk.data);
      },
      end: () => this.#finish(),
    };
  }

  /** Begin to read. @param toxics those of this direction. */
  start(toxics: readonly Toxic[]): void {
    for (const toxic of toxics) this.#append(toxic);
    for (const stage of this.#stages) stage.start();
    this.source.on('data', this.#onData);
    this.source.once('end', this.#onSourceEnd);
    this.source.once('close', this.#onSourceEnd);
    this.destination.on('drain', this.#onDrain);
    this.source.resume();
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
    this.#stages.splice(index, 1);
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
    this.source.off('data', this.#onData);
    this.destination.off('drain', this.#onDrain);
  }

  #append(toxic: Toxic): Stage {
    const stage = new Stage(toxic, this.#sink, this.random);
    this.#stages.push(stage);
    this.#connectStages();
    return stage;
  }

  #connectStages(): void {
    this.#stages.forEach((stage, index) => {
      const previous = this.#stages[index - 1];
      stage.outlet = this.#stages[index + 1] ?? this.#sink;
      stage.onRoom = previous ? () => previous.pump() : this.#resumeSource;
    });
  }

  readonly #onData = (data: Buffer): void => {
    const first = this.#stages[0];
    if (first === undefined) {
      if (!this.destination.write(data)) this.source.pause();
      return;
    }
    const readAtMs = performance.now();
    for (let start = 0; start < data.length; start += CHUNK_BYTES) {
      const chunk: Chunk = { data: data.subarray(start, start + CHUNK_BYTES), readAtMs };
      first.push(chunk);
    }
    if (!first.hasRoom()) this.source.pause();
  };

  readonly #onDrain = (): void => {
    const last = this.#stages.at(-1);
    if (last) last.pump();
    else this.source.resume();
  };

  readonly #resumeSource = (): void => {
    if ((this.#stages[0] ?? this.#sink).hasRoom()) this.source.resume();
  };

  readonly #onSourceEnd = (): void => {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    (this.#stages[0] ?? this.#sink).end();
  };

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.closeDestination();
  }
}
