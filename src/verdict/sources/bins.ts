import type { JudgeWindow } from '../input.js';
import { growthIn, increase, type Growth, type SourceRecord } from './source.js';

/** One window of a source: a value for each stretch of `widthS` that had one. */
export interface Bins {
  values: Float64Array;
  /** How many stretches the window has. */
  planned: number;
  widthS: number;
  /** Counts of events: whole numbers, whose variation cannot be smaller than chance. */
  counts: boolean;
  /** Of all stretches together, where counts. */
  events: number;
  /** The time that the events were counted over, seconds. */
  overS: number;
}

const EDGE = 0.05;

/** The values of one window: readings of a gauge as they are, counters and log lines as growth per second. */
export function binsOf(
  record: SourceRecord,
  window: Pick<JudgeWindow, 'startUs' | 'endUs'>,
  take: 'value' | 'counters' | 'lines',
  widthS: number,
): Bins {
  const planned = Math.max(0, Math.floor((window.endUs - window.startUs) / 1e6 / widthS + EDGE));
  const sums = new Float64Array(planned);
  const weights = new Float64Array(planned);
  const put = (atUs: number, sum: number, weight: number): void => {
    const bin = Math.floor((atUs - window.startUs) / (widthS * 1e6));
    if (bin < 0 || bin >= planned) return;
    sums[bin] = (sums[bin] ?? 0) + sum;
    weights[bin] = (weights[bin] ?? 0) + weight;
  };
  let counts = false;
  let events = 0;
  let overS = 0;
  if (take === 'value') {
    for (const reading of record.readings) {
      if (reading.kind === 'value' && reading.atUs >= window.startUs && reading.atUs < window.endUs)
        put(reading.atUs, reading.value, 1);
    }
  } else {
    const growths = take === 'counters' ? countersIn(record, window) : linesIn(record, window);
    counts = growths.every(({ grown }) => Number.isInteger(grown));
    for (const { atUs, overS: seconds, grown } of growths) {
      put(atUs, grown, seconds);
      events += grown;
      overS += seconds;
    }
  }
  const present = [...sums.keys()].filter((bin) => (weights[bin] ?? 0) > 0);
  return {
    values: Float64Array.from(present, (bin) => (sums[bin] ?? 0) / (weights[bin] ?? 1)),
    planned,
    widthS,
    counts,
    events,
    overS,
  };
}

function countersIn(record: SourceRecord, window: { startUs: number; endUs: number }): Growth<number>[] {
  return growthIn(record, 'counters', window, (before, after) =>
    Object.entries(after.counters).reduce(
      (sum, [series, count]) => sum + increase(before.counters[series] ?? 0, count),
      0,
    ),
  );
}

function linesIn(record: SourceRecord, window: { startUs: number; endUs: number }): Growth<number>[] {
  return growthIn(record, 'lines', window, (before, after) => increase(before.matched, after.matched));
}
