import type { Random } from '../random.js';

export type Stream = 'upstream' | 'downstream';

/**
 * One kind of toxic: one file, one line in `registry.ts`. For each connection and direction the toxic meets, a
 * `Behaviour` is made from the attributes. It takes one chunk after another (one read from the source, at most 32 KiB)
 * and sends on, waits, drops or closes through its `Flow`. While a `wait` is pending no further chunk comes, which holds
 * up the sender. When the toxic is updated or removed, or its right neighbour changes, the stage cancels the wait, sends
 * what was held, and makes a new behaviour: so a behaviour needs no code for being interrupted.
 */
export interface ToxicDefinition {
  readonly type: string;
  /** Names in the order of the API's JSON, with their defaults. All are whole numbers. */
  readonly attributes: Readonly<Record<string, number>>;
  /** How many chunks may queue before the source is no longer read. Default: 1. */
  readonly queuedChunks?: number;
  /** Removing it closes the connections that pass it (what it swallowed would be missing from the stream). */
  readonly closesWhenRemoved?: boolean;
  /** Connections that begin while it exists are closed with RST, whoever closes them. */
  readonly resetsConnections?: boolean;
  /** What it delays is the end of the stream, not data: `meanDelayMs` of the traffic route is about that. */
  readonly delaysClose?: boolean;
  /** Why these attributes cannot work, or undefined. */
  refuse?(attributes: Readonly<Record<string, number>>): string | undefined;
  behaviour(attributes: Readonly<Record<string, number>>, flow: Flow): Behaviour;
}

export interface Behaviour {
  /** Called once, before the first chunk. */
  begin?(): void;
  /** @param readAtMs when it was read from the socket (`performance.now()`), or when an earlier latency let it go. */
  take(data: Buffer, readAtMs: number): void;
  /** The end of the stream, behind all data. Left out: it passes. */
  end?(): void;
}

/** What a behaviour may do to the stream. */
export interface Flow {
  readonly random: Random;
  /** Survives updates of the toxic, and begins anew when the toxic is added again. */
  readonly memory: { bytes: number };
  send(data: Buffer, readAtMs: number): void;
  drop(data: Buffer): void;
  /**
   * Hold `held` for `ms` (0 and less: no wait; Infinity: until interrupted), then go on with `next`. An interruption
   * sends `held` at once instead.
   */
  wait(ms: number, held: Held | undefined, next: () => void): void;
  /** Like `wait`, but chunks keep coming. A second call replaces the first. */
  deadline(ms: number, action: () => void): void;
  /** The end of the stream leaves here. @param by `toxic` where the toxic ends the connection itself. */
  close(by: 'stream' | 'toxic'): void;
}

export interface Held {
  data: Buffer;
  readAtMs: number;
}

/** A toxic as it was created on a proxy. */
export interface Toxic {
  readonly name: string;
  /** As typed: `stream` matches whatever the letter case, and is echoed. */
  readonly streamAsTyped: string;
  readonly stream: Stream;
  readonly definition: ToxicDefinition;
  /** A float32, as in the original. */
  toxicity: number;
  attributes: Record<string, number>;
  readonly seen: Seen;
}

/** What the toxic did to real traffic since it was added. */
export interface Seen {
  chunks: number;
  delayedSumMs: number;
  delayedCount: number;
  droppedBytes: number;
  closedConnections: number;
}

export function nothingSeen(): Seen {
  return { chunks: 0, delayedSumMs: 0, delayedCount: 0, droppedBytes: 0, closedConnections: 0 };
}
