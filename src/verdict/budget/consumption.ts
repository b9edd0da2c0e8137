import { periodOf, nominalPeriodS, roomOf, type BudgetPolicy } from './policy.js';

/** Something that spent a budget: events counted over a span of time. Times in ms since 1970. */
export interface Spending {
  id: string;
  fromMs: number;
  toMs: number;
  bad: number;
  total: number;
  /** Time slices, where the budget counts them: bad ones of all. */
  slices?: { bad: number; total: number; ratioSum: number } | undefined;
}

export interface BudgetState {
  fromMs: number;
  toMs: number;
  /** Share of the budget that is spent; more than 1: overdrawn. */
  consumed: number;
  remaining: number;
  state: 'ok' | 'review_required' | 'frozen';
  bad: number;
  total: number;
  /** Events (or slices) that the period is taken to hold, and where the figure is from. */
  expected: number;
  expectedFrom: 'policy' | 'counted' | 'forecast';
  /** Over the last day, or what of the period has passed, if that is less. 1: it lasts exactly the period. */
  burnRate: number;
  /** Seconds until nothing is left at that rate; null: it lasts. */
  exhaustedInS: number | null;
  /** Entries that counted. */
  entries: number;
}

const RECENT_MS = 86_400_000;
/** A rolling window that is covered by less than this has not been counted whole. */
const COVERED = 0.9;

/**
 * How much of a budget is spent at a moment, how fast, and when it ends. Spending that lies partly outside the period
 * counts by the part inside.
 */
export function budgetState(policy: BudgetPolicy, spending: readonly Spending[], nowMs: number): BudgetState {
  const { fromMs, toMs } = periodOf(policy.window, nowMs);
  const inside = spending.map((one) => clip(one, fromMs, Math.min(toMs, nowMs))).filter((one) => one !== undefined);
  const sum = totals(policy, inside);
  const { expected, expectedFrom } = expectedEvents(policy, sum, inside, { fromMs, toMs, nowMs });
  const budget = roomOf(policy) * expected;
  const consumed = sum.bad === 0 ? 0 : budget > 0 ? sum.bad / budget : Infinity;
  const remaining = 1 - consumed;
  const recentFromMs = Math.max(fromMs, nowMs - RECENT_MS);
  const recent = totals(
    policy,
    inside.map((one) => clip(one, recentFromMs, nowMs)).filter((one) => one !== undefined),
  );
  const elapsedS = Math.max(1, (nowMs - recentFromMs) / 1000);
  const periodS = (toMs - fromMs) / 1000;
  const burnRate = budget > 0 ? (recent.bad / budget) * (periodS / elapsedS) : 0;
  const exhaustedInS = consumed >= 1 ? 0 : burnRate > 0 ? (remaining * periodS) / burnRate : null;
  const ends = policy.window.type === 'calendar' && exhaustedInS !== null && nowMs + exhaustedInS * 1000 >= toMs;
  return {
    fromMs,
    toMs,
    consumed,
    remaining,
    state: consumed >= 1 ? 'frozen' : consumed >= policy.review ? 'review_required' : 'ok',
    bad: sum.bad,
    total: sum.total,
    expected,
    expectedFrom,
    burnRate,
    // A calendar period that ends first gives a new budget.
    exhaustedInS: ends ? null : exhaustedInS,
    entries: inside.length,
  };
}

/** Counts in the unit of the budget: events, or slices. */
function totals(policy: BudgetPolicy, spending: readonly Spending[]): { bad: number; total: number } {
  let bad = 0;
  let total = 0;
  for (const one of spending) {
    if (policy.method === 'occurrences') {
      bad += one.bad;
      total += one.total;
      continue;
    }
    const slices = one.slices ?? slicesOf(policy, one);
    bad += policy.method === 'timeslices' ? slices.bad : slices.ratioSum;
    total += slices.total;
  }
  return { bad, total };
}

/** An entry that did not count slices: its bad share is taken to have been even. */
function slicesOf(policy: BudgetPolicy, { fromMs, toMs, bad, total }: Spending) {
  const count = Math.max(1, (toMs - fromMs) / 1000 / policy.sliceS);
  if (total === 0) {
    if (policy.emptySlice === 'skip') return { bad: 0, total: 0, ratioSum: 0 };
    const all = policy.emptySlice === 'bad' ? count : 0;
    return { bad: all, total: count, ratioSum: all };
  }
  const ratio = bad / total;
  return { bad: 1 - ratio < policy.sliceTarget ? count : 0, total: count, ratioSum: ratio * count };
}

/**
 * Occurrences: what the policy says; else what was counted, if a rolling window was counted whole; else a forecast from
 * what was counted so far. Otherwise one bad of ten, five minutes after the period began, would be "100 times burned".
 */
function expectedEvents(
  policy: BudgetPolicy,
  sum: { total: number },
  inside: readonly Spending[],
  at: { fromMs: number; toMs: number; nowMs: number },
): { expected: number; expectedFrom: BudgetState['expectedFrom'] } {
  const periodMs = at.toMs - at.fromMs;
  if (policy.method !== 'occurrences') {
    return { expected: periodMs / 1000 / policy.sliceS, expectedFrom: 'policy' };
  }
  if (policy.events !== undefined) {
    // Real months differ from the nominal one that `events` was said for.
    const scale = periodMs / 1000 / nominalPeriodS(policy.window);
    return { expected: policy.events * scale, expectedFrom: 'policy' };
  }
  const coveredMs = covered(inside);
  if (policy.window.type === 'rolling' && coveredMs >= COVERED * periodMs)
    return { expected: sum.total, expectedFrom: 'counted' };
  return { expected: coveredMs > 0 ? (sum.total * periodMs) / coveredMs : 0, expectedFrom: 'forecast' };
}

/** How much time the entries cover, overlaps once. */
function covered(spending: readonly Spending[]): number {
  let end = -Infinity;
  let sum = 0;
  for (const { fromMs, toMs } of [...spending].sort((a, b) => a.fromMs - b.fromMs)) {
    sum += Math.max(0, toMs - Math.max(fromMs, end));
    end = Math.max(end, toMs);
  }
  return sum;
}

/** The part of an entry in [fromMs, toMs); undefined: nothing of it. A moment without length is in or out. */
function clip(one: Spending, fromMs: number, toMs: number): Spending | undefined {
  const lengthMs = one.toMs - one.fromMs;
  if (lengthMs <= 0) return one.fromMs >= fromMs && one.fromMs <= toMs ? one : undefined;
  const from = Math.max(one.fromMs, fromMs);
  const to = Math.min(one.toMs, toMs);
  if (to <= from) return undefined;
  const part = (to - from) / lengthMs;
  if (part === 1) return one;
  const { slices } = one;
  return {
    ...one,
    fromMs: from,
    toMs: to,
    bad: one.bad * part,
    total: one.total * part,
    ...(slices
      ? { slices: { bad: slices.bad * part, total: slices.total * part, ratioSum: slices.ratioSum * part } }
      : {}),
  };
}
