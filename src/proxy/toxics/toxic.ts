import type { RequestHead } from '../http/head.js';
import type { Random } from '../random.js';
import type { Attribute, Attributes } from './attribute.js';

export type Stream = 'upstream' | 'downstream';

/**
 * One kind of toxic: one file, one line in `registry.ts`. For each connection and direction the toxic meets, a
 * `Behaviour` is made from the attributes. It takes one chunk after another (one read from the source, at most 32 KiB)
 * and sends on, waits, drops or closes through its `Flow`. While a `wait` is pending no further chunk comes, which holds
 * up the sender. When the toxic is updated or removed, or its right neighbour changes, the stage cancels the wait, sends
 * what was held, and makes a new behaviour: so a behaviour needs no code for being interrupted.
 */
export interface ToxicDefinition<A extends Attributes = Readonly<Record<string, number>>> {
  readonly type: string;
  /** Names in the order of the API's JSON. A number is the default of a whole number; else `attribute.ts` has the kinds. */
  readonly attributes: { readonly [K in keyof A]: number | Attribute<A[K]> };
  /** How many chunks may queue before the source is no longer read. Default: 1. */
  readonly queuedChunks?: number;
  /** Removing it closes the connections that pass it (what it swallowed would be missing from the stream). */
  readonly closesWhenRemoved?: boolean;
  /** Connections that begin while it exists are closed with RST, whoever closes them. */
  readonly resetsConnections?: boolean;
  /** What it delays is the end of the stream, not data: `meanDelayMs` of the traffic route is about that. */
  readonly delaysClose?: boolean;
  /** It hits some chunks and lets others pass: the traffic route shows how many it hit. */
  readonly showsHits?: boolean;
  /** Why these attributes cannot work, or undefined. */
  refuse?(attributes: Readonly<A>): string | undefined;
  /** What it does to the bytes of a connection. Left out by toxics that act on requests or on new connections. */
  behaviour?(attributes: Readonly<A>, flow: Flow): Behaviour;
  /** What it does to an HTTP request. Its attributes say which ones it hits: see `http/targeting.ts`. */
  request?(attributes: Readonly<A>, random: Random): RequestHarm;
  /** How it ends a new connection, before the upstream learns of it. */
  acceptance?(attributes: Readonly<A>): Ending;
  /** How it ends the connections that are there when it is added; undefined: they go on. */
  arrival?(attributes: Readonly<A>): Ending | undefined;
  /** How often it strikes until it lets everything pass; 0 for always. Counted anew after an update. */
  strikes?(attributes: Readonly<A>): number;
}

/** FIN or RST. */
export type Ending = 'close' | 'reset';

/** What befalls an HTTP request. */
export type RequestHarm =
  | { kind: 'delay'; ms: number }
  /** The request does not reach the upstream. */
  | { kind: 'answer'; answer: (request: RequestHead) => Buffer }
  | { kind: 'abort'; ending: Ending };

/** Any kind of toxic, its attributes' types forgotten. */
export type AnyToxicDefinition = ToxicDefinition<Attributes>;

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
  readonly memory: Memory;
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

/** Of one connection and direction. */
export interface Memory {
  bytes: number;
  lastWasDropped: boolean;
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
  readonly definition: AnyToxicDefinition;
  /** A float32, as in the original. */
  toxicity: number;
  attributes: Attributes;
  readonly seen: Seen;
  /** How often it has struck since it was added or updated last. */
  struck: number;
}

/** What the toxic did to real traffic since it was added. */
export interface Seen {
  chunks: number;
  delayedSumMs: number;
  delayedCount: number;
  droppedBytes: number;
  closedConnections: number;
  /** Requests, connections or chunks that it hit; 0 for toxics that don't choose. */
  hits: number;
  /** HTTP requests that it looked at. */
  requests: number;
}

export function nothingSeen(): Seen {
  return {
    chunks: 0,
    delayedSumMs: 0,
    delayedCount: 0,
    droppedBytes: 0,
    closedConnections: 0,
    hits: 0,
    requests: 0,
  };
}

/** What is left of the number of strikes that a toxic is limited to; undefined when it is not. */
export function strikesLeft({ definition, attributes, struck }: Toxic): number | undefined {
  const most = definition.strikes?.(attributes) ?? 0;
  return most > 0 ? Math.max(0, most - struck) : undefined;
}
