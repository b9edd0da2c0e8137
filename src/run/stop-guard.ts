import type { EventBody } from '../record/events.js';
import type { StopPlan } from '../plan/plan.js';
import { SecondBook } from './second-book.js';

export interface Trip {
  guard: string;
  message: string;
  figures: Record<string, number>;
  /** A statistical rule fired, at a level that was fixed before: that proves harm, and the run has failed. */
  statistical?: boolean;
}

/** Watches the run's seconds, as they are recorded, and says when it must end. */
export interface Guard {
  /**
   * A trip, or undefined while all is bearable.
   *
   * @param armed false before any harm: then the second is remembered, so that a window is whole when it is judged.
   */
  onSecond(record: EventBody<'second'>, armed: boolean): Trip | undefined;
}

/**
 * The hard trip: no statistics, since harm is asymmetric. Fed with every `second` record of the open-model streams (of
 * all streams when there is no open one).
 */
export class StopGuard implements Guard {
  readonly #book: SecondBook;
  readonly #window: number;

  constructor(
    private readonly plan: Pick<StopPlan, 'enabled' | 'errorRatio' | 'forMs' | 'minBad'>,
    streams: ReadonlySet<string>,
  ) {
    this.#window = Math.max(1, Math.round(plan.forMs / 1000));
    this.#book = new SecondBook(streams, 120 + this.#window);
  }

  onSecond(record: EventBody<'second'>, armed: boolean): Trip | undefined {
    if (!this.plan.enabled || !this.#book.note(record) || !armed) return undefined;
    // A late record (a timeout becomes known a deadline later) can complete any window that holds its second.
    for (let end = record.second; end < record.second + this.#window && end <= this.#book.latest; end++) {
      const trip = this.#judgeWindowEnding(end);
      if (trip) return trip;
    }
    return undefined;
  }

  #judgeWindowEnding(end: number): Trip | undefined {
    if (end - this.#window + 1 < this.#book.first) return undefined;
    const { scheduled, bad } = this.#book.sum(end - this.#window + 1, end + 1);
    if (scheduled === 0 || bad < this.plan.minBad || bad / scheduled < this.plan.errorRatio) return undefined;
    const share = Math.round((bad / scheduled) * 100);
    return {
      guard: 'error-ratio',
      message: `${bad} of ${scheduled} requests due in ${this.#window} s failed (${share} %; the limit is ${Math.round(this.plan.errorRatio * 100)} %)`,
      figures: { bad, scheduled, ratio: bad / scheduled, limit: this.plan.errorRatio, windowS: this.#window },
    };
  }
}
