import type { EventBody } from '../record/events.js';
import { formatRatio } from '../support/units.js';
import { abortLimit, costPerEvent, roomOf, type BudgetPolicy } from '../verdict/budget/policy.js';
import { SecondBook } from './second-book.js';
import type { Guard, Trip } from './stop-guard.js';

const HOUR_S = 3600;
/** Both must burn too fast: the long one is sure, the short one says that it still goes on. */
const LONG_S = 300;
const SHORT_S = 60;

/**
 * Ends a run that spends the budget faster than `abort` allows. Quantity: what the trailing hour has spent, a census.
 * Rate: the burn rate over five minutes and over one. Their statistical form is the betting guard.
 */
export class BudgetGuard implements Guard {
  readonly #book: SecondBook;
  readonly #costPerEvent: number;
  readonly #limit: ReturnType<typeof abortLimit>;

  /** @param ratePerSecond events planned per second, of all watched streams */
  constructor(
    private readonly policy: BudgetPolicy,
    streams: ReadonlySet<string>,
    ratePerSecond: number,
  ) {
    // Records of a second come until its last arrival has ended: an hour and a deadline.
    this.#book = new SecondBook(streams, HOUR_S + 120);
    this.#costPerEvent = ratePerSecond > 0 ? costPerEvent(policy, ratePerSecond) : 0;
    this.#limit = abortLimit(policy);
  }

  onSecond(record: EventBody<'second'>, armed: boolean): Trip | undefined {
    const { abortPerHour } = this.policy;
    if (!this.#limit || abortPerHour === null || !this.#book.note(record) || !armed) return undefined;
    const end = this.#book.latest + 1;
    const { bad } = this.#book.sum(Math.max(this.#book.first, end - HOUR_S), end);
    const spent = bad * this.#costPerEvent;
    if (spent >= abortPerHour) {
      return {
        guard: 'budget-quantity',
        message: `${bad} failures have spent ${formatRatio(spent)} of the error budget ${this.policy.name} (the limit is ${formatRatio(abortPerHour)} in an hour)`,
        figures: { bad, spent, limit: abortPerHour },
      };
    }
    if (end - LONG_S < this.#book.first) return undefined;
    const [long, short] = [LONG_S, SHORT_S].map((seconds) => this.#burnRate(end - seconds, end));
    if (long === undefined || short === undefined) return undefined;
    if (long < this.#limit.burnRate || short < this.#limit.burnRate) return undefined;
    return {
      guard: 'budget-rate',
      message: `the error budget ${this.policy.name} burns ${round(long)} times too fast over 5 min and ${round(short)} times over 1 min (the limit is ${round(this.#limit.burnRate)})`,
      figures: { long, short, limit: this.#limit.burnRate },
    };
  }

  #burnRate(from: number, to: number): number | undefined {
    const { scheduled, bad } = this.#book.sum(from, to);
    return scheduled === 0 ? undefined : bad / scheduled / roomOf(this.policy);
  }
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
