import { build, type Histogram } from 'hdr-histogram-js';
import type { EventBody } from '../record/events.js';
import { outcomeByte, Tally } from './ledger.js';

type SecondRecord = EventBody<'second'>;
type Percentiles = SecondRecord['responseOk'];

const OK = outcomeByte('ok');

/**
 * What happened to the arrivals of each second of one stream, keyed on when they were due. A second is told twice: right
 * after it has passed, and once more with `final` when its last arrival has ended (once, if it has ended by then). Holds
 * only seconds that have not been told for good: at most one deadline's worth. Histograms have three significant digits.
 */
export class SecondAggregates {
  readonly #stream: string;
  readonly #mostUs: number;
  readonly #seconds = new Map<number, Second>();
  readonly #spare: Second[] = [];
  #next = 0;

  /** @param mostUs the longest response time that can be: the longest deadline */
  constructor(stream: string, mostUs: number) {
    this.#stream = stream;
    this.#mostUs = Math.max(2, Math.ceil(mostUs));
  }

  /** An arrival was issued `lagUs` after it was due. */
  issued(dueUs: number, lagUs: number): void {
    const second = this.#of(dueUs);
    second.tally.scheduled++;
    second.record(second.lag, lagUs);
  }

  /** @param serviceUs negative if it was never sent */
  ended(dueUs: number, outcome: number, responseUs: number, serviceUs: number): void {
    const second = this.#of(dueUs);
    second.tally.end(outcome);
    second.record(second.all, responseUs);
    if (outcome === OK) second.record(second.ok, responseUs);
    if (serviceUs >= 0) second.record(second.service, serviceUs);
  }

  /**
   * The records that have become due by `nowUs`: each second that has passed, and those that have become final.
   * `everything` closes the seconds that are not over, at the end of the load.
   */
  report(nowUs: number, inFlight: number, everything = false): SecondRecord[] {
    const records: SecondRecord[] = [];
    const told = this.#next;
    for (const [key, second] of [...this.#seconds].sort(([a], [b]) => a - b)) {
      if (key >= told || second.tally.open > 0) continue;
      records.push(this.#record(key, second, inFlight));
      this.#forget(key, second);
    }
    const passed = everything ? Math.max(-1, ...this.#seconds.keys()) + 1 : Math.floor(nowUs / 1e6);
    for (; this.#next < Math.max(passed, told); this.#next++) {
      const second = this.#of(this.#next * 1e6);
      records.push(this.#record(this.#next, second, inFlight));
      if (second.tally.open === 0) this.#forget(this.#next, second);
    }
    return records;
  }

  #of(dueUs: number): Second {
    const key = Math.floor(dueUs / 1e6);
    let second = this.#seconds.get(key);
    if (!second) {
      second = this.#spare.pop() ?? new Second(this.#mostUs);
      this.#seconds.set(key, second);
    }
    return second;
  }

  #forget(key: number, second: Second): void {
    this.#seconds.delete(key);
    if (this.#spare.length >= 4) return;
    second.reset();
    this.#spare.push(second);
  }

  #record(key: number, second: Second, inFlight: number): SecondRecord {
    const { tally } = second;
    return {
      stream: this.#stream,
      second: key,
      final: tally.open === 0,
      scheduled: tally.scheduled,
      outcomes: tally.counts(),
      open: tally.open,
      responseOk: percentiles(second.ok),
      responseAll: percentiles(second.all),
      service: percentiles(second.service),
      schedulingLag: percentiles(second.lag),
      inFlight,
    };
  }
}

class Second {
  tally = new Tally();
  readonly ok: Histogram;
  readonly all: Histogram;
  readonly service: Histogram;
  readonly lag: Histogram;

  constructor(private readonly mostUs: number) {
    const histogram = (): Histogram =>
      build({
        bitBucketSize: 32,
        lowestDiscernibleValue: 1,
        highestTrackableValue: mostUs,
        numberOfSignificantValueDigits: 3,
        autoResize: false,
        useWebAssembly: false,
      });
    this.ok = histogram();
    this.all = histogram();
    this.service = histogram();
    this.lag = histogram();
  }

  record(histogram: Histogram, us: number): void {
    histogram.recordValue(Math.min(this.mostUs, Math.max(0, Math.round(us))));
  }

  reset(): void {
    this.tally = new Tally();
    for (const histogram of [this.ok, this.all, this.service, this.lag]) histogram.reset();
  }
}

/** In seconds. */
function percentiles(histogram: Histogram): Percentiles {
  if (histogram.totalCount === 0) return { p50: null, p95: null, p99: null, max: null };
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1e6;
  return { p50: at(50), p95: at(95), p99: at(99), max: histogram.maxValue / 1e6 };
}
