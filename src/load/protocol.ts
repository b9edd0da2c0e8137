import type { DriverSecond, Ledger, StreamPlan } from './driver.js';
import type { OpenArrival } from './engine.js';

/** What the conductor says to a driver process. */
export type Order =
  | { type: 'prepare'; model: 'open' | 'closed'; runId: string; seed: number; streams: PlacedStream[] }
  | { type: 'start'; t0Us: number }
  | { type: 'stop'; atUs: number; drain: boolean };

/** A stream with its position in the plan. */
export interface PlacedStream {
  position: number;
  plan: StreamPlan;
}

/** What a driver process says. */
export type Report =
  | { type: 'prepared' }
  /** It can't do what was ordered; nothing was sent. */
  | { type: 'refused'; code: string; message: string; hint: string | undefined }
  | { type: 'started' }
  | { type: 'second'; batch: DriverSecond; open: OpenArrival[] }
  | { type: 'stopped'; atUs: number; ledger: Ledger }
  /** A defect: the process ends after it. */
  | { type: 'failed'; message: string };
