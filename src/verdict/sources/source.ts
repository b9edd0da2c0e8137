/**
 * What a run recorded of an indicator that does not come from its arrivals. `verdict/` imports nothing of the rest, so
 * this is its own view; `result/` fills it from the event log.
 */
export interface SourceRecord {
  /** In the order of time. */
  readings: readonly SourceReading[];
  /** Processes of the service that were asked to end. */
  exits: readonly ProcessEnd[];
}

/** Why a reading gave no figure. */
export type TroubleCode = 'missing' | 'unreachable' | 'unreadable' | 'stale' | 'not_a_number' | 'several';

export type SourceReading = {
  /** When it was taken: microseconds from t0. */
  atUs: number;
} & (
  | { kind: 'value'; value: number }
  /** Counters as they stood, by series: their differences count, and a fall is a restart from zero. */
  | { kind: 'counters'; counters: Readonly<Record<string, number>> }
  /** Histograms as they stood, by series: `counts` are cumulative up to each bound, the last one up to infinity. */
  | {
      kind: 'histograms';
      histograms: Readonly<Record<string, { bounds: readonly number[]; counts: readonly number[] }>>;
    }
  /** Lines of a log since it was first opened. `of`: those that the share is taken of. */
  | { kind: 'lines'; matched: number; of: number }
  | { kind: 'trouble'; code: TroubleCode; message: string }
);

export interface ProcessEnd {
  /** When its end was known: microseconds from t0. */
  atUs: number;
  /** From SIGTERM to its end, seconds. */
  afterS: number;
  /** It did not end in time and was killed. */
  killed: boolean;
  /** Both null: only its parent was told, and that was not Plimsoll. */
  exitCode: number | null;
  signal: string | null;
}

/** What grew between two readings of a window, assigned to the middle of the time between them. */
export interface Growth<T> {
  atUs: number;
  overS: number;
  grown: T;
}

/**
 * Neighbouring readings that lie wholly in [startUs, endUs), with what grew between them. A reading without figures
 * breaks the chain: what happened around it is not known, and not guessed.
 */
export function growthIn<K extends SourceReading['kind'], T>(
  record: SourceRecord,
  kind: K,
  window: { startUs: number; endUs: number },
  grow: (before: Extract<SourceReading, { kind: K }>, after: Extract<SourceReading, { kind: K }>) => T | undefined,
): Growth<T>[] {
  const found: Growth<T>[] = [];
  let before: Extract<SourceReading, { kind: K }> | undefined;
  for (const reading of record.readings) {
    if (reading.atUs < window.startUs || reading.atUs >= window.endUs) continue;
    if (!isOf(reading, kind)) {
      before = undefined;
      continue;
    }
    const grown = before && grow(before, reading);
    if (before && grown !== undefined)
      found.push({ atUs: (before.atUs + reading.atUs) / 2, overS: (reading.atUs - before.atUs) / 1e6, grown });
    before = reading;
  }
  return found;
}

/** A counter that fell was restarted, and has counted from zero again. */
export function increase(before: number, after: number): number {
  return after < before ? after : after - before;
}

function isOf<K extends SourceReading['kind']>(
  reading: SourceReading,
  kind: K,
): reading is Extract<SourceReading, { kind: K }> {
  return reading.kind === kind;
}
