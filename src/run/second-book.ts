import type { EventBody } from '../record/events.js';

/** What a second of all watched streams held. */
export interface SecondCount {
  scheduled: number;
  bad: number;
}

/**
 * The seconds of the watched streams, summed. A later record of the same stream and second replaces the earlier one.
 * Ratios are over *scheduled* arrivals; what has not ended yet counts as neither good nor bad.
 */
export class SecondBook {
  readonly #seconds = new Map<string, SecondCount & { final: boolean }>();
  first = Infinity;
  latest = -Infinity;

  constructor(
    private readonly streams: ReadonlySet<string>,
    private readonly keepS: number,
  ) {}

  /** @returns false: the record is of a stream that is not watched. */
  note(record: EventBody<'second'>): boolean {
    if (!this.streams.has(record.stream)) return false;
    const ended = Object.values(record.outcomes).reduce((sum, count) => sum + count, 0);
    this.#seconds.set(`${record.stream}/${record.second}`, {
      scheduled: record.scheduled,
      bad: ended - (record.outcomes.ok ?? 0),
      final: record.final,
    });
    this.first = Math.min(this.first, record.second);
    this.latest = Math.max(this.latest, record.second);
    this.#forget(record.second - this.keepS);
    return true;
  }

  /** Seconds [from, to). */
  sum(from: number, to: number): SecondCount {
    let scheduled = 0;
    let bad = 0;
    for (let second = from; second < to; second++) {
      for (const stream of this.streams) {
        const counted = this.#seconds.get(`${stream}/${second}`);
        if (!counted) continue;
        scheduled += counted.scheduled;
        bad += counted.bad;
      }
    }
    return { scheduled, bad };
  }

  /** Has every arrival of these seconds ended, in every stream? */
  isFinal(from: number, to: number): boolean {
    for (let second = from; second < to; second++) {
      for (const stream of this.streams) if (!this.#seconds.get(`${stream}/${second}`)?.final) return false;
    }
    return true;
  }

  #forget(before: number): void {
    for (const key of this.#seconds.keys()) {
      if (Number(key.slice(key.lastIndexOf('/') + 1)) < before) this.#seconds.delete(key);
      else break;
    }
  }
}
