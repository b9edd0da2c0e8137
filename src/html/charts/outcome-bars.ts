import type { Outcome } from '../../record/outcomes.js';
import type { Series } from '../../result/schema.js';

export type OutcomeGroup = 'answer' | 'connection' | 'timeout' | 'unsent';

/** What was not ok, in four groups that can be told apart in a small chart; the ledger has each outcome. */
export const OUTCOME_GROUPS: readonly { key: OutcomeGroup; words: string; outcomes: readonly Outcome[] }[] = [
  { key: 'answer', words: 'wrong answer', outcomes: ['http_4xx', 'http_5xx', 'check_failed', 'bad_response'] },
  { key: 'connection', words: 'connection lost or refused', outcomes: ['refused', 'reset', 'closed'] },
  { key: 'timeout', words: 'timeout', outcomes: ['timeout'] },
  { key: 'unsent', words: 'not sent or unfinished', outcomes: ['unsent', 'dropped', 'unfinished'] },
];

export interface BadBar {
  fromS: number;
  toS: number;
  /** Per second, of the worst second that the bar covers. */
  total: number;
  counts: Partial<Record<OutcomeGroup, number>>;
}

/** One bar a second that had bad arrivals; thinned out, one a bin with its worst second, so that no spike is lost. */
export function badBars(series: Series, bins: number): BadBar[] {
  const seconds = series.scheduled.length;
  const size = Math.max(1, Math.ceil(seconds / bins));
  const bars: BadBar[] = [];
  for (let from = 0; from < seconds; from += size) {
    let worst: BadBar | undefined;
    for (let second = from; second < Math.min(seconds, from + size); second++) {
      const bar = barAt(series, second, from, Math.min(seconds, from + size));
      if (bar.total > (worst?.total ?? 0)) worst = bar;
    }
    if (worst !== undefined) bars.push(worst);
  }
  return bars;
}

function barAt(series: Series, second: number, from: number, to: number): BadBar {
  const counts: BadBar['counts'] = {};
  let total = 0;
  for (const { key, outcomes } of OUTCOME_GROUPS) {
    const count = outcomes.reduce((sum, outcome) => sum + (series.outcomes[outcome]?.[second] ?? 0), 0);
    if (count > 0) counts[key] = count;
    total += count;
  }
  return { fromS: series.fromS + from, toS: series.fromS + to, total, counts };
}
