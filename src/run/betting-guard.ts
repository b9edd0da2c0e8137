import type { EventBody } from '../record/events.js';
import { formatRatio } from '../support/units.js';
import { bettingProcess, type BettingProcess } from '../verdict/stopping.js';
import { SecondBook } from './second-book.js';
import type { Guard, Trip } from './stop-guard.js';

/** Blocks must be longer than bursts; these are also the blocks that the verdict uses. */
const BLOCK_S = 10;

/**
 * Bets against "the bad share is at most `limit`", block by block, from the moment of the first harm on. However often
 * one looks, it stops a run that keeps its limit with at most the chance `alpha`. Each block counts when all of its
 * arrivals have ended.
 */
export class BettingGuard implements Guard {
  readonly #book: SecondBook;
  readonly #process: BettingProcess;
  #next: number | undefined;
  #blocks = 0;

  constructor(
    private readonly bet: { name: string; what: string; limit: number; alpha: number; streams: ReadonlySet<string> },
  ) {
    this.#book = new SecondBook(bet.streams, 3600);
    this.#process = bettingProcess(bet.limit);
  }

  onSecond(record: EventBody<'second'>, armed: boolean): Trip | undefined {
    if (!this.#book.note(record) || !armed) return undefined;
    // The second in which harm began is not whole.
    this.#next ??= this.#book.latest + 1;
    while (this.#book.isFinal(this.#next, this.#next + BLOCK_S)) {
      const { scheduled, bad } = this.#book.sum(this.#next, this.#next + BLOCK_S);
      this.#next += BLOCK_S;
      if (scheduled === 0) continue;
      this.#blocks++;
      const evidence = this.#process.add(bad / scheduled);
      const { name, what, limit, alpha } = this.bet;
      if (evidence < 1 / alpha) continue;
      return {
        guard: name,
        statistical: true,
        message: `${what} is beyond its limit of ${formatRatio(limit, 4)} with a chance of error of at most ${formatRatio(alpha)}: ${formatRatio(bad / scheduled)} in the last ${BLOCK_S} s, evidence ${Math.round(evidence)} to 1`,
        figures: { evidence, needed: 1 / alpha, limit, blocks: this.#blocks },
      };
    }
    return undefined;
  }
}
