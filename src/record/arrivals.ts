/** How much later than its end an arrival is in `arrivals.bin`, for whoever reads it during the run. */
export const WRITTEN_AFTER_MS = 1500;

/** The columns of any number of arrivals of one stream. All arrays have the same length; position `k` is one arrival. */
export interface ArrivalColumns {
  /** Index in the stream's schedule (open model) or in its order of readiness (closed model). */
  index: Uint32Array;
  /** When it was due, in microseconds from the run's t0. Four bytes where that is enough: a reader chooses by what it read. */
  dueUs: Float64Array | Uint32Array;
  /** `end − due` in microseconds; the deadline for those that have no measured end. */
  responseUs: Uint32Array;
  /** HTTP status; 0 if there was none. */
  status: Uint16Array;
  /** Position in `OUTCOMES`. */
  outcome: Uint8Array;
  /** Position in the stream's request table. */
  request: Uint8Array;
}

/** One chunk as it travels from a driver to the conductor and into `arrivals.bin`: arrivals of one stream. */
export interface ArrivalChunk {
  /** Position in the header's stream table. */
  stream: number;
  columns: ArrivalColumns;
}

/** A stream as the header of `arrivals.bin` and `run.started` describe it: enough to read and recompute its arrivals. */
export interface StreamHeader {
  name: string;
  /** `open`: people keep coming at a rate. `closed`: each user waits for its answer. */
  model: 'open' | 'closed';
  /** Open model: planned arrivals per second. */
  ratePerSecond?: number;
  /** Open model: how the gaps between arrivals are drawn. */
  arrivals?: 'uniform' | 'poisson';
  /** Closed model: how many users. */
  users?: number;
  /** Request names, in the order of their positions. */
  requests: string[];
  /** Microseconds, by position in `requests`. */
  deadlinesUs: number[];
}

/** The header of `arrivals.bin`. */
export interface ArrivalsHeader {
  formatVersion: 1;
  runId: string;
  seed: number;
  /** t0 on the machine's monotonic clock, microseconds. */
  t0Us: number;
  streams: StreamHeader[];
}
