import { z } from 'zod';
import { formatMs } from '../../support/units.js';
import { burnFor, largestBurn, nominalPeriodS, roomOf, type BudgetPolicy } from './policy.js';

/** What an alert on the burn rate would have done. Seconds count from the beginning of the fault window. */
export const AlertReplay = z.object({
  severity: z.enum(['page', 'ticket']),
  longS: z.number(),
  shortS: z.number(),
  /** Fires while both windows burn faster than this. */
  factor: z.number(),
  /** It fired in the run, so long after the fault began; null: not in the run. */
  firedS: z.number().nullable(),
  /** When it would have fired, had the fault gone on as it was; null: never. */
  ifLastedS: z.number().nullable(),
  /** It fires before anything was broken. */
  before: z.boolean(),
  sentence: z.string(),
});
export type AlertReplay = z.infer<typeof AlertReplay>;

/** The SRE workbook's rules, as shares of the budget: factors follow from the period (Google 2018, chapter 5). */
const RULES = [
  { severity: 'page', longS: 3600, share: 0.02 },
  { severity: 'page', longS: 6 * 3600, share: 0.05 },
  { severity: 'ticket', longS: 86_400, share: 0.1 },
  { severity: 'ticket', longS: 3 * 86_400, share: 0.1 },
] as const;

/** The short window, which ends an alert soon after its cause, is this part of the long one. */
const SHORT_PART = 12;

export interface AlertTimeline {
  /** Second by second from the beginning of the fault window. */
  bad: ArrayLike<number>;
  total: ArrayLike<number>;
  /** Bad share before, which all of the history is taken to have had. */
  base: number;
  /** Bad share while the fault lasted, and its events per second: how it would have gone on. */
  lasting: { ratio: number; ratePerSecond: number };
}

/**
 * Replays multiwindow, multi-burn-rate alerts on what a run saw. A run is far shorter than the windows, so its history is
 * filled with the baseline's bad share: `BR(t) = (∫ bad share + base·(W − t)) / (W·e)`.
 */
export function replayAlerts(policy: BudgetPolicy, timeline: AlertTimeline): AlertReplay[] {
  const periodS = nominalPeriodS(policy.window);
  const room = roomOf(policy);
  return RULES.filter(({ longS }) => longS <= periodS).flatMap((rule): AlertReplay[] => {
    const factor = burnFor(rule.share, rule.longS, periodS);
    // A rule that nothing could ever fire says nothing about this run.
    if (factor >= largestBurn(policy)) return [];
    const shortS = rule.longS / SHORT_PART;
    const limit = factor * room;
    const before = timeline.base > limit;
    const firedS = before ? 0 : firstFiring(timeline, rule.longS, shortS, limit, policy.minEvents);
    const ifLastedS = before ? 0 : (firedS ?? whenLasting(timeline, rule.longS, shortS, limit, policy.minEvents));
    const replay = { severity: rule.severity, longS: rule.longS, shortS, factor, firedS, ifLastedS, before };
    return [{ ...replay, sentence: sentenceOf(replay) }];
  });
}

/** Would anybody have been woken? The first page, else the first ticket, else "never". */
export function alertSummary(alerts: readonly AlertReplay[]): string {
  for (const severity of ['page', 'ticket'] as const) {
    const known = alerts.filter((alert) => alert.severity === severity && alert.ifLastedS !== null);
    const [first] = known.sort((a, b) => (a.ifLastedS ?? 0) - (b.ifLastedS ?? 0));
    if (first) return first.sentence;
  }
  return 'would never have alerted anybody';
}

/** End of the first second in which both windows burn too fast; null: in none. */
function firstFiring(
  { bad, total, base }: AlertTimeline,
  longS: number,
  shortS: number,
  limit: number,
  minEvents: number,
): number | null {
  const seconds = total.length;
  const share = Float64Array.from({ length: seconds }, (_, s) => {
    const n = total[s] ?? 0;
    return n > 0 ? (bad[s] ?? 0) / n : 0;
  });
  // Running sums: position s is everything before second s.
  const shares = runningSum(share);
  const bads = runningSum(bad);
  for (let t = 1; t <= seconds; t++) {
    const over = (window: number): boolean => {
      const seen = Math.min(t, Math.floor(window));
      const sum = (shares[t] ?? 0) - (shares[t - seen] ?? 0);
      return (sum + base * (window - seen)) / window > limit;
    };
    const recent = Math.min(t, Math.floor(shortS));
    if ((bads[t] ?? 0) - (bads[t - recent] ?? 0) < minEvents) continue;
    if (over(longS) && over(shortS)) return t;
  }
  return null;
}

/** A step to the lasting share fires when it has filled enough of the long window; the short one fills twelve times as fast. */
function whenLasting(
  { base, lasting }: AlertTimeline,
  longS: number,
  shortS: number,
  limit: number,
  minEvents: number,
): number | null {
  if (lasting.ratio <= limit) return null;
  const fills = (longS * (limit - base)) / (lasting.ratio - base);
  const badPerSecond = lasting.ratio * lasting.ratePerSecond;
  // Too few requests in the short window, however long it lasts.
  if (badPerSecond * shortS < minEvents) return null;
  return Math.max(fills, badPerSecond > 0 ? minEvents / badPerSecond : Infinity);
}

function sentenceOf(replay: Omit<AlertReplay, 'sentence'>): string {
  const { severity, longS, shortS, firedS, ifLastedS, before } = replay;
  const verb = severity === 'page' ? 'paged' : 'opened a ticket';
  const rule = `${span(longS)}/${span(shortS)} at a burn rate of ${Number(replay.factor.toPrecision(3))}`;
  if (before) return `would have ${verb} before anything was broken (${rule})`;
  if (firedS !== null) return `would have ${verb} after ${span(firedS)} (${rule})`;
  if (ifLastedS !== null) return `would have ${verb} after ${span(ifLastedS)}, had it gone on so long (${rule})`;
  return `would never have ${verb} (${rule})`;
}

/** `2 min 10 s`, `6 h`, `3 d`. */
function span(seconds: number): string {
  if (seconds < 1) return formatMs(seconds * 1000);
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

function runningSum(values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] ?? 0) + (values[i] ?? 0);
  return sums;
}
