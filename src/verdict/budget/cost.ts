import { z } from 'zod';
import { formatMs } from '../../support/units.js';
import { countArm, select } from '../arrivals.js';
import { criticalValue, disperse, levelOf, spreadOf, type Arm } from '../dispersion.js';
import type { JudgeInput, JudgeWindow } from '../input.js';
import type { Interval } from '../interval.js';
import { mover } from '../interval.js';
import { Estimate } from '../judgement.js';
import { clopperPearson, shrink } from '../ratio.js';
import { finiteEstimate, significant } from '../words.js';
import { AlertReplay, alertSummary, replayAlerts } from './alerts.js';
import { abortLimit, costPerEvent, largestBurn, nominalPeriodS, roomOf, type BudgetPolicy } from './policy.js';

/** What a run cost, or would have cost in production, as shares of the budget. */
export const BudgetJudgement = z.object({
  name: z.string(),
  objective: z.number(),
  method: z.enum(['occurrences', 'timeslices', 'ratio-timeslices']),
  environment: z.enum(['test', 'production']),
  periodS: z.number(),
  /** Share of the budget: 0.0139 is 1.39 %. Null: there was nothing to count. */
  cost: Estimate.nullable(),
  /** Seconds that the cost is counted over: from the beginning of the fault window to the end of the recovery. */
  impactS: z.number(),
  /** Events in that time. */
  bad: z.number(),
  total: z.number(),
  /** Time slices in that time, for a ledger. */
  slices: z.object({ bad: z.number(), total: z.number(), ratioSum: z.number() }),
  /** How fast the budget burned during the fault, and the most that is possible. */
  burnRate: z.number().nullable(),
  largestBurnRate: z.number(),
  abort: z.object({ perHour: z.number(), burnRate: z.number(), errorRatio: z.number() }).nullable(),
  /** A whole budget bears so many of these, reckoned with the upper end; null: no end in sight. */
  bearable: z.number().nullable(),
  assumptions: z.array(z.string()),
  sentence: z.string(),
});
export type BudgetJudgement = z.infer<typeof BudgetJudgement>;

export interface JudgedBudget {
  budget: BudgetJudgement;
  alerts: AlertReplay[];
}

const ALPHA = 0.05;

/**
 * The cost of a run, with its interval, and what alerts on the burn rate would have done. Pure.
 *
 * Each bad event beyond the baseline's share costs 1/(e·N_P). In production the events are a census, so only the share
 * that would have been bad anyway is estimated; elsewhere the cost is a projection, `θ·T/(P·e)`, and both are.
 */
export function judgeBudget(input: Pick<JudgeInput, 'windows'>, policy: BudgetPolicy): JudgedBudget {
  const arms = (kinds: readonly JudgeWindow['kind'][]): Arm[] =>
    input.windows
      .filter(({ kind }) => kinds.includes(kind))
      .map((window) => countArm(select(window.streams, policy), window, { is: 'failed' }));
  const base = arms(['baseline']);
  const fault = arms(['fault']);
  const harm = arms(['fault', 'recovery']);
  const alerts = replay(policy, input, base, fault);
  const seconds = (list: readonly Arm[]): number => list.reduce((sum, arm) => sum + arm.totalPerSecond.length, 0);
  // With an incident length of its own, the fault window stands for all of it.
  const counted = policy.incidentS === undefined ? harm : fault;
  const countedS = seconds(counted);
  const impactS = policy.incidentS ?? countedS;
  const all = total(counted);
  const limit = abortLimit(policy);
  const slices = slicesOf(counted, policy, (x, n) => x / n);
  const faulty = total(fault);
  const common = {
    name: policy.name,
    objective: policy.objective,
    method: policy.method,
    environment: policy.environment,
    periodS: nominalPeriodS(policy.window),
    impactS,
    bad: total(harm).x,
    total: total(harm).n,
    slices: slicesOf(harm, policy, (x, n) => x / n),
    burnRate: faulty.n > 0 ? faulty.x / faulty.n / roomOf(policy) : null,
    largestBurnRate: largestBurn(policy),
    abort: limit ? { perHour: policy.abortPerHour ?? 0, ...limit } : null,
  };
  if (all.n === 0 || total(base).n === 0 || countedS === 0) {
    return {
      alerts,
      budget: {
        ...common,
        cost: null,
        bearable: null,
        assumptions: [],
        sentence: 'what the run cost the budget is not known: there is no fault window with a baseline before it',
      },
    };
  }
  const cost = costOf(policy, { base, counted, countedS, impactS, slices });
  const upper = Math.max(cost.interval.high, 0);
  return {
    alerts,
    budget: {
      ...common,
      cost: finiteEstimate(cost.interval),
      bearable: upper > 0 && Number.isFinite(upper) ? Math.floor(1 / upper) : null,
      assumptions: cost.assumptions,
      sentence: sentenceOf(policy, cost.interval, impactS, alerts),
    },
  };
}

interface Counted {
  base: readonly Arm[];
  counted: readonly Arm[];
  countedS: number;
  impactS: number;
  slices: Slices;
}

function costOf(policy: BudgetPolicy, run: Counted): { interval: Interval; assumptions: string[] } {
  const stretch = run.impactS / run.countedS;
  if (policy.method === 'timeslices') return sliceCost(policy, run, stretch);
  const during = total(run.counted);
  const before = total(run.base);
  const dispersion = disperse(
    [...run.base, ...run.counted].map((arm) => spreadOf(arm)),
    { anyEvents: during.x + before.x > 0 },
  );
  const level = levelOf(criticalValue(dispersion, ALPHA, 2));
  const base = clopperPearson(shrink(before, dispersion.D), level);
  const seen = clopperPearson(shrink(during, dispersion.D), level);
  const census = policy.environment === 'production';
  // What happened in production happened: it is counted, not estimated.
  const drift = census ? mover({ value: seen.value, low: seen.value, high: seen.value }, base) : mover(seen, base);
  const rate = during.n / run.countedS;
  const events = rate * run.impactS;
  const scale =
    policy.method === 'ratio-timeslices' && !census
      ? (run.impactS * policy.trafficWeight) / (nominalPeriodS(policy.window) * roomOf(policy))
      : events * costPerEvent(policy, rate);
  const value =
    policy.method === 'ratio-timeslices' && run.slices.total > 0
      ? run.slices.ratioSum / run.slices.total - base.value
      : drift.value;
  const shift = value - drift.value;
  return {
    interval: { value: value * scale, low: (drift.low + shift) * scale, high: (drift.high + shift) * scale },
    assumptions: [
      ...(census
        ? ['the bad events are counted, the share that would have been bad anyway is taken from the baseline']
        : ['the share that was bad in this run would have been bad in production too']),
      ...(policy.trafficWeight === 1 || census
        ? []
        : [`traffic is ${significant(policy.trafficWeight, 3)} times the mean`]),
      ...(policy.incidentS === undefined
        ? []
        : [`an incident lasts ${formatMs(policy.incidentS * 1000)}, as bad as the fault window was`]),
      ...(dispersion.D > 1.005
        ? [`errors came in bursts: one arrival is worth 1/${significant(dispersion.D, 2)} of an independent one`]
        : []),
    ],
  };
}

/** Whole slices are lost, however bad they are. Between the slices that surely were and those that may have been. */
function sliceCost(policy: BudgetPolicy, run: Counted, stretch: number): { interval: Interval; assumptions: string[] } {
  const perSlice = policy.sliceS / (nominalPeriodS(policy.window) * roomOf(policy));
  const at = (ratio: (x: number, n: number) => number): number =>
    slicesOf(run.counted, policy, ratio).bad * stretch * perSlice;
  return {
    interval: {
      value: at((x, n) => x / n),
      low: at((x, n) => clopperPearson({ x, n }, ALPHA).low),
      high: at((x, n) => clopperPearson({ x, n }, ALPHA).high),
    },
    assumptions: [
      `a slice of ${formatMs(policy.sliceS * 1000)} is lost when fewer than ${significant(policy.sliceTarget * 100, 6)} % of it are good; slices begin with the fault, and the last one counts whole`,
    ],
  };
}

interface Slices {
  bad: number;
  total: number;
  ratioSum: number;
}

/** Cuts the windows into slices, one after another, from the beginning of the first. */
function slicesOf(arms: readonly Arm[], policy: BudgetPolicy, ratio: (x: number, n: number) => number): Slices {
  const sums: { x: number; n: number }[] = [];
  let second = 0;
  for (const { badPerSecond, totalPerSecond } of arms) {
    for (let s = 0; s < totalPerSecond.length; s++, second++) {
      const slice = (sums[Math.floor(second / policy.sliceS)] ??= { x: 0, n: 0 });
      slice.x += badPerSecond[s] ?? 0;
      slice.n += totalPerSecond[s] ?? 0;
    }
  }
  const slices: Slices = { bad: 0, total: 0, ratioSum: 0 };
  for (const { x, n } of sums) {
    if (n === 0 && policy.emptySlice === 'skip') continue;
    const bad = n > 0 ? ratio(x, n) : policy.emptySlice === 'bad' ? 1 : 0;
    slices.total++;
    slices.ratioSum += bad;
    // A hair of tolerance: 1 − 0.99 is not 0.01.
    if (bad > 1 - policy.sliceTarget + 1e-12) slices.bad++;
  }
  return slices;
}

function replay(
  policy: BudgetPolicy,
  input: Pick<JudgeInput, 'windows'>,
  base: readonly Arm[],
  fault: readonly Arm[],
): AlertReplay[] {
  const before = total(base);
  const during = total(fault);
  const first = input.windows.find(({ kind }) => kind === 'fault');
  if (!first || before.n === 0 || during.n === 0) return [];
  // The first fault window and what came right after it: several trials are not one incident.
  const after = input.windows.find(({ kind, trial }) => kind === 'recovery' && trial === first.trial);
  const arms = [first, ...(after ? [after] : [])].map((window) =>
    countArm(select(window.streams, policy), window, { is: 'failed' }),
  );
  const faultS = arms[0]?.totalPerSecond.length ?? 0;
  return replayAlerts(policy, {
    bad: arms.flatMap(({ badPerSecond }) => [...badPerSecond]),
    total: arms.flatMap(({ totalPerSecond }) => [...totalPerSecond]),
    base: before.x / before.n,
    lasting: { ratio: during.x / during.n, ratePerSecond: during.n / Math.max(1, faultS * fault.length) },
  });
}

function total(arms: readonly Arm[]): { x: number; n: number } {
  return { x: arms.reduce((sum, { x }) => sum + x, 0), n: arms.reduce((sum, { n }) => sum + n, 0) };
}

function sentenceOf(policy: BudgetPolicy, cost: Interval, impactS: number, alerts: readonly AlertReplay[]): string {
  const percent = (share: number): string => `${significant(share * 100, 3)} %`;
  const verb = policy.environment === 'production' ? 'cost' : 'would have cost';
  const span = `between ${percent(Math.max(0, cost.low))} and ${Number.isFinite(cost.high) ? percent(Math.max(0, cost.high)) : 'any share'}`;
  const summary = alerts.length > 0 ? `; it ${alertSummary(alerts)}` : '';
  return `${formatMs(impactS * 1000)} of this ${verb} ${percent(Math.max(0, cost.value))} of the error budget (${span})${summary}`;
}
