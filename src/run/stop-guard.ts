import type { EventBody } from '../record/events.js';
import type { StopPlan } from '../plan/plan.js';

export interface Trip {
  guard: string;
  message: string;
  figures: Record<string, number>;
}

interface Second {
  scheduled: number;
  bad: number;
}

/**
 * The hard trip: no statistics, since harm is asymmetric. Fed with every `second` record of the open-model streams (of
 * all streams when there is no open one); a later record of the same second replaces the earlier one. Ratios are over
 * *scheduled* arrivals; what has not ended yet counts as neither good nor bad.
 */
export class StopGuard {
  readonly #seconds = new Map<string, Second>();
  readonly #window: number;
  #first = Infinity;
  #latest = -Infinity;

  constructor(
    private readonly plan: StopPlan,
    private readonly streams: ReadonlySet<string>,
  ) {
    this.#window = Math.max(1, Math.round(plan.forMs / 1000));
  }

  /**
   * A trip, or undefined while all is bearable.
   *
   * @param armed false before any harm: then the second is remembered, so that a window is whole when it is judged.
   */
  onSecond(record: EventBody<'second'>, armed: boolean): Trip | undefined {
    if (!this.plan.enabled || !this.streams.has(record.stream)) return undefined;
    const ended = Object.values(record.outcomes).reduce((sum, count) => sum + count, 0);
    this.#seconds.set(`${record.stream}/${record.second}`, {
      scheduled: record.scheduled,
      bad: ended - (record.outcomes.ok ?? 0),
    });
    this.#first = Math.min(this.#first, record.second);
    this.#latest = Math.max(this.#latest, record.second);
    this.#forget(record.second - 120);
    if (!armed) return undefined;
    // A late record (a timeout becomes known a deadline later) can complete any window that holds its second.
    for (let end = record.second; end < record.second + this.#window && end <= this.#latest; end++) {
      const trip = this.#judgeWindowEnding(end);
      if (trip) return trip;
    }
    return undefined;
  }

  #judgeWindowEnding(end: number): Trip | undefined {
    if (end - this.#window + 1 < this.#first) return undefined;
    let scheduled = 0;
    let bad = 0;
    for (let second = end - this.#window + 1; second <= end; second++) {
      for (const stream of this.streams) {
        const counted = this.#seconds.get(`${stream}/${second}`);
        if (!counted) continue;
        scheduled += counted.scheduled;
        bad += counted.bad;
      }
    }
    if (scheduled === 0 || bad < this.plan.minBad || bad / scheduled < this.plan.errorRatio) return undefined;
    const share = Math.round((bad / scheduled) * 100);
    return {
      guard: 'error-ratio',
      message: `${bad} of ${scheduled} requests due in ${this.#window} s failed (${share} %; the limit is ${Math.round(this.plan.errorRatio * 100)} %)`,
      figures: { bad, scheduled, ratio: bad / scheduled, limit: this.plan.errorRatio, windowS: this.#window },
    };
  }

  #forget(before: number): void {
    for (const key of this.#seconds.keys()) {
      if (Number(key.slice(key.lastIndexOf('/') + 1)) < before) this.#seconds.delete(key);
      else break;
    }
  }
}
