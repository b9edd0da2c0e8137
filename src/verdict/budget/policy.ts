import { z } from 'zod';
import { nominalDays, periodAt } from './calendar.js';

/** Over which time a budget is spent and given back. */
export const BudgetWindow = z.discriminatedUnion('type', [
  /** Cost leaves exactly so much later. */
  z.object({ type: z.literal('rolling'), seconds: z.number().positive() }),
  z.object({
    type: z.literal('calendar'),
    unit: z.enum(['day', 'week', 'month', 'quarter', 'year']),
    count: z.number().int().min(1),
    timeZone: z.string(),
    start: z.string(),
  }),
]);
export type BudgetWindow = z.infer<typeof BudgetWindow>;

/** An error budget with its rules, units resolved and defaults filled in. Ratios of 1, seconds. */
export const BudgetPolicy = z.object({
  /** Entries of a ledger belong to the budget of this name. */
  name: z.string(),
  /** 0.999: one event in a thousand may be bad. */
  objective: z.number().gt(0).lt(1),
  method: z.enum(['occurrences', 'timeslices', 'ratio-timeslices']),
  window: BudgetWindow,
  /** Events that the window is expected to hold. */
  events: z.number().positive().optional(),
  /** `production`: what the run breaks is spent. `test`: the cost is a projection, and spends nothing. */
  environment: z.enum(['test', 'production']),
  /** Traffic in the hour that is meant ÷ mean traffic. */
  trafficWeight: z.number().positive(),
  /** How long such an incident lasts in production; absent: as long as it did in the run. */
  incidentS: z.number().positive().optional(),
  sliceS: z.number().positive(),
  /** A slice is bad when fewer than this share of its events are good. */
  sliceTarget: z.number().gt(0).lte(1),
  emptySlice: z.enum(['good', 'bad', 'skip']),
  /** Share of the budget in an hour that ends a run; null: no such rule. */
  abortPerHour: z.number().positive().nullable(),
  review: z.number().positive(),
  reserve: z.number().min(0).lt(1),
  /** An alert needs so many bad events in its short window. */
  minEvents: z.number().min(0),
  stream: z.string().optional(),
  request: z.string().optional(),
});
export type BudgetPolicy = z.infer<typeof BudgetPolicy>;

/** Seconds of a period with nominal months: what burn rates are reckoned with. */
export function nominalPeriodS(window: BudgetWindow): number {
  return window.type === 'rolling' ? window.seconds : nominalDays(window.unit) * window.count * 86_400;
}

/** [from, to) in ms since 1970: what a budget looks at, at a moment. A rolling window ends with the moment. */
export function periodOf(window: BudgetWindow, atMs: number): { fromMs: number; toMs: number } {
  if (window.type === 'calendar') return periodAt(window, atMs);
  return { fromMs: atMs - window.seconds * 1000, toMs: atMs };
}

/** The burn rate that spends the fraction `share` of the budget in `windowS` seconds. */
export function burnFor(share: number, windowS: number, periodS: number): number {
  return (share * periodS) / windowS;
}

/** Share of events that may be bad. */
export function roomOf({ objective }: Pick<BudgetPolicy, 'objective'>): number {
  // 1 − 0.999 is not 0.001: the last digits would decide at the limits.
  return Number((1 - objective).toFixed(12));
}

/** The burn rate at which everything fails: no rule above it can ever fire. */
export function largestBurn(policy: Pick<BudgetPolicy, 'objective'>): number {
  return 1 / roomOf(policy);
}

/** The abort rule as a burn rate, and as the share of events that must be bad; undefined: there is none. */
export function abortLimit(policy: BudgetPolicy): { burnRate: number; errorRatio: number } | undefined {
  if (policy.abortPerHour === null) return undefined;
  const burnRate = burnFor(policy.abortPerHour, 3600, nominalPeriodS(policy.window));
  return { burnRate, errorRatio: burnRate * roomOf(policy) };
}

/**
 * What one event costs, as a share of the budget, where events come at `ratePerSecond`: in production 1/(e·N_P) of the
 * real number of events; elsewhere the run's own rate stands for the traffic, so that a second of total failure costs
 * 1/(e·P) whatever the rate.
 */
export function costPerEvent(policy: BudgetPolicy, ratePerSecond: number): number {
  const periodS = nominalPeriodS(policy.window);
  if (policy.environment === 'production') return 1 / (roomOf(policy) * (policy.events ?? ratePerSecond * periodS));
  return policy.trafficWeight / (roomOf(policy) * ratePerSecond * periodS);
}
