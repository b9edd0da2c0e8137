import type { ArrivalChunk } from '../record/arrivals.js';
import type { EventBody } from '../record/events.js';
import type { OutcomeCounts } from '../record/outcomes.js';

/** One request template of a stream, checked and with its defaults filled in. */
export interface RequestPlan {
  name: string;
  method: string;
  /** Absolute: `http://127.0.0.1:7080/checkout`, `https://…`, `unix:/path.sock:/request`. May hold `{{names}}`. */
  url: string;
  headers: Record<string, string>;
  /** May hold `{{names}}`; already JSON text for `body.json`. */
  body: string | Uint8Array | undefined;
  weight: number;
  deadlineMs: number;
  expect: {
    /** Inclusive ranges: `[[200, 299]]`. */
    status: [number, number][];
    bodyContains: string | undefined;
    /** Path (`a.b.0`) → required value. */
    bodyJson: Record<string, unknown> | undefined;
  };
}

/** Where a `{{name}}` comes from. A value depends on (seed, arrival index) alone. */
export type DataSource =
  | { kind: 'int'; min: number; max: number }
  | { kind: 'pick'; from: string[] }
  | { kind: 'uuid' }
  | { kind: 'sequence'; start: number }
  | { kind: 'csv'; rows: string[]; order: 'sequential' | 'random' };

interface StreamCommon {
  name: string;
  requests: RequestPlan[];
  data: Record<string, DataSource>;
  /** Send `traceparent` with each request. */
  tracing: boolean;
  tls: { ca?: string; cert?: string; key?: string; servername?: string; insecure: boolean };
}

/** People keep coming: engine undici. */
export interface OpenStreamPlan extends StreamCommon {
  model: 'open';
  ratePerSecond: number;
  arrivals: 'uniform' | 'poisson';
  connections: number;
  inFlightCap: number;
}

/** Each user waits for its answer, thinks, asks again: engine autocannon. */
export interface ClosedStreamPlan extends StreamCommon {
  model: 'closed';
  users: number;
  thinkMs: { min: number; max: number };
}

export type StreamPlan = OpenStreamPlan | ClosedStreamPlan;

export interface LoadPlan {
  runId: string;
  seed: number;
  /** The position of a stream is its number in arrival chunks. */
  streams: StreamPlan[];
}

/** What a driver reports each second. */
export interface DriverSecond {
  chunks: ArrivalChunk[];
  seconds: EventBody<'second'>[];
  health: EventBody<'driver.health'>;
}

/** Per stream: `scheduled` always equals the sum of the outcomes. */
export type Ledger = { stream: string; scheduled: number; outcomes: OutcomeCounts }[];

/**
 * The load of a run as the conductor sees it. Behind it are one process for all open-model streams and one for all
 * closed-model streams; an engine without streams is not started.
 */
export interface LoadDriver {
  /** Starts the processes and does one preflight (resolve, connect, TLS, disconnect; no request) per origin. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Identities of the child processes, for the journal. Known after `prepare`. */
  pids(): { label: string; pid: number }[];
  /** The first arrival is due at t0. Resolves when the drivers have taken the order. */
  start(t0Us: number): Promise<void>;
  /** Batches in the order of time, about one a second and engine. */
  onSecond(listener: (batch: DriverSecond) => void): void;
  /**
   * A driver process that ended without an order: the conductor ends the run as `errored`. What it still owes is
   * delivered by `stop` as `unfinished`.
   */
  onDeath(listener: (driver: 'open' | 'closed', reason: string) => void): void;
  /**
   * No arrival is due at or after `atUs` (from t0; in the past means now). With `drain`, waits for the last answers, at
   * most one deadline; without, what is open is booked as `unfinished`. Every listener has been called when it resolves.
   */
  stop(options: { atUs: number; drain: boolean }): Promise<Ledger>;
  /** Ends the processes whatever they do. Idempotent. */
  dispose(): Promise<void>;
}
