import type { ArrivalChunk } from '../record/arrivals.js';
import type { EventBody } from '../record/events.js';
import type { Ledger } from './driver.js';

/** One source of load inside a driver process. Knows nothing of HTTP; all times are microseconds from t0. */
export interface StreamEngine {
  /** Issues what is due. Called once the clock has reached t0 and as often as anybody likes. */
  start(): void;
  /** No arrival is due at or after `atUs`; what is due before is issued now, however late. */
  stopAt(atUs: number): void;
  /**
   * Issues what is overdue, so that a report on a second misses none of its arrivals; but not for so long that sockets,
   * orders and reports wait. A driver that can't keep up goes on in its next turn, and its lag tells.
   */
  tick(): void;
  /** Issues all that is overdue, however long it takes: at the end, when nothing may be left. */
  catchUp(): void;
  /** Books what is still open as `unfinished` and lets go of its sockets. */
  abandon(): void;
  /** Requests that have not ended. */
  readonly inFlight: number;
  takeChunk(): ArrivalChunk | undefined;
  takeSeconds(nowUs: number, everything: boolean): EventBody<'second'>[];
  /** Arrivals that have not ended: a closed-model stream can't be recomputed, so the conductor is told. */
  openArrivals(): OpenArrival[];
  /** Throws `ledger_unbalanced`. */
  close(): Ledger[number];
}

export interface OpenArrival {
  stream: number;
  index: number;
  dueUs: number;
  request: number;
  deadlineUs: number;
}

/** What an engine needs from its process. */
export interface EngineContext {
  runId: string;
  seed: number;
  /** Microseconds from t0; negative before it. */
  nowUs(): number;
  /** An arrival was issued so much later than it was due. */
  onIssued(lagUs: number): void;
  /** No socket, port or buffer left on this machine. */
  onLocalLimit(): void;
}
