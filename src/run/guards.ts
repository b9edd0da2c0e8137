import type { Plan } from '../plan/plan.js';
import type { Slo } from '../verdict/slo.js';
import { abortLimit } from '../verdict/budget/policy.js';
import { BettingGuard } from './betting-guard.js';
import { BudgetGuard } from './budget-guard.js';
import { StopGuard, type Guard } from './stop-guard.js';

/** Chance that the betting rules, all together, stop a run that keeps its limits. */
const ALPHA = 0.01;

/** The guards of a run. They watch the open-model streams; where there is none, all. */
export function guardsOf(plan: Plan): Guard[] {
  const guards: Guard[] = [new StopGuard(plan.stop, streamsOf(plan))];
  const bets: { name: string; what: string; limit: number; streams: ReadonlySet<string> }[] = [];
  const { budget } = plan;
  // The records of a second don't tell its requests apart: a budget of one request is reckoned afterwards.
  if (budget && budget.policy.request === undefined) {
    const { policy } = budget;
    const streams = streamsOf(plan, policy.stream);
    guards.push(new BudgetGuard(policy, streams, rateOf(plan, streams)));
    const limit = abortLimit(policy)?.errorRatio;
    if (limit !== undefined && limit < 1)
      bets.push({ name: 'budget-betting', what: `the burn of the error budget ${policy.name}`, limit, streams });
  }
  if (plan.stop.beyondObjective) {
    for (const slo of plan.slos) {
      const limit = limitOf(slo);
      if (limit === undefined) continue;
      bets.push({ name: 'objective-betting', what: slo.name, limit, streams: streamsOf(plan, slo.stream) });
    }
  }
  return [...guards, ...bets.map((bet) => new BettingGuard({ ...bet, alpha: ALPHA / bets.length }))];
}

/** The bad share that a critical objective allows under fault, where the seconds can tell it. */
function limitOf({ severity, objective, indicator, request }: Slo): number | undefined {
  if (severity !== 'critical' || !objective || objective.during === 'recovery' || request !== undefined)
    return undefined;
  const limit =
    indicator.type === 'availability'
      ? 1 - objective.value
      : indicator.type === 'error-rate'
        ? objective.value
        : undefined;
  return limit !== undefined && limit > 0 && limit < 1 ? limit : undefined;
}

function streamsOf(plan: Plan, only?: string): ReadonlySet<string> {
  if (only !== undefined) return new Set([only]);
  const open = plan.load.streams.filter((stream) => stream.model === 'open');
  return new Set((open.length > 0 ? open : plan.load.streams).map((stream) => stream.name));
}

function rateOf(plan: Plan, streams: ReadonlySet<string>): number {
  return plan.load.streams.reduce(
    (sum, stream) => sum + (stream.model === 'open' && streams.has(stream.name) ? stream.ratePerSecond : 0),
    0,
  );
}
