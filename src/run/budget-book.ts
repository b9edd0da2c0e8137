import { appendToLedger, readLedger, type Ledger, type LedgerEntry } from '../record/budget-ledger.js';
import type { LockOwner } from '../record/file-lock.js';
import type { BudgetPlan, Plan } from '../plan/plan.js';
import type { RunResult } from '../result/schema.js';
import { PlimsollError } from '../support/errors.js';
import { formatRatio } from '../support/units.js';
import { identityOf, isAlive } from '../targets/process.js';
import { budgetState, type BudgetState, type Spending } from '../verdict/budget/consumption.js';
import { nominalPeriodS, roomOf, type BudgetPolicy } from '../verdict/budget/policy.js';

/** This process, as the holder of a ledger's lock. */
export function lockOwner(): LockOwner {
  return { identity: identityOf(process.pid) ?? { pid: process.pid, startTime: 0, bootId: '' }, isAlive };
}

/** What spends a budget: usage, and runs in production; what was excluded does not count. */
export function spendingOf(ledger: Ledger, budget: string): Spending[] {
  const excluded = excludedOf(ledger);
  return ledger.entries.flatMap((entry): Spending[] => {
    if (entry.kind === 'exclude' || entry.budget !== budget || excluded.has(entry.id)) return [];
    if (entry.kind === 'run' && entry.environment !== 'production') return [];
    const { id, from, to, bad, total, slices } = entry;
    return [{ id, fromMs: Date.parse(from), toMs: Date.parse(to), bad, total, slices }];
  });
}

/** Ids of entries that a later entry takes out of the reckoning. */
export function excludedOf(ledger: Ledger): Set<string> {
  return new Set(ledger.entries.flatMap((entry) => (entry.kind === 'exclude' ? [entry.entry] : [])));
}

export interface BeforeRun {
  state: BudgetState;
  /** The most that the run is expected to cost, and where the figure is from. */
  planned: { cost: number; from: string };
  warnings: string[];
}

/**
 * May this run start? Undefined where there is no ledger to ask.
 *
 * @throws PlimsollError `budget_frozen`, `budget_review_required`, `budget_reserve` for a run in production
 */
export function checkBudgetBefore(
  plan: Plan,
  options: { nowMs: number; reviewedBy?: string | undefined },
): BeforeRun | undefined {
  const { budget } = plan;
  if (!budget?.ledger) return undefined;
  const ledger = readLedger(budget.ledger);
  const state = budgetState(budget.policy, spendingOf(ledger, budget.policy.name), options.nowMs);
  const planned = plannedCost(plan, budget, ledger);
  const warnings = ledger.damaged.map(
    ({ line, problem }) => `${budget.ledger}:${line} is not counted: ${problem}. The line stays in the file.`,
  );
  const { policy } = budget;
  const spent = `${formatRatio(state.consumed)} of the error budget ${policy.name} is spent`;
  if (policy.environment !== 'production') {
    if (state.state !== 'ok') warnings.push(`${spent}; this run is a test and spends nothing`);
    return { state, planned, warnings };
  }
  const refuse = (code: string, message: string, hint: string): never => {
    throw new PlimsollError({ code, message: `${message}; nothing was injected`, hint });
  };
  if (state.state === 'frozen') {
    refuse('budget_frozen', spent, 'Wait until it is given back, or run against a test system (`environment: test`).');
  }
  if (state.state === 'review_required' && !options.reviewedBy) {
    refuse(
      'budget_review_required',
      `${spent}; from ${formatRatio(policy.review)} on a run needs a review`,
      'Let somebody look at it, and say who: --reviewed-by NAME. The name goes into the ledger.',
    );
  }
  if (state.remaining - planned.cost < policy.reserve) {
    refuse(
      'budget_reserve',
      `${spent}, and this run may cost ${formatRatio(planned.cost)} (${planned.from}); ${formatRatio(policy.reserve)} must be left`,
      'Shorten the fault phase, let the stop guard trip earlier, or wait until more of the budget is back.',
    );
  }
  return { state, planned, warnings };
}

/** The upper end of the same scenario's last run, else what the stop guard lets happen. */
function plannedCost(plan: Plan, { policy }: BudgetPlan, ledger: Ledger): BeforeRun['planned'] {
  const excluded = excludedOf(ledger);
  const last = ledger.entries.findLast(
    (entry): entry is LedgerEntry & { kind: 'run' } =>
      entry.kind === 'run' &&
      entry.budget === policy.name &&
      entry.scenario === plan.scenario.name &&
      !excluded.has(entry.id),
  );
  if (last?.cost && last.cost.high !== null)
    return { cost: Math.max(0, last.cost.high), from: 'as its last run, upper end' };
  const worst = plan.stop.enabled ? plan.stop.errorRatio : 1;
  const seconds = (plan.phases.faultMs + plan.phases.recoveryMs) / 1000;
  const perSecond = 1 / (roomOf(policy) * nominalPeriodS(policy.window));
  const rate = plan.load.streams.reduce((sum, stream) => sum + (stream.model === 'open' ? stream.ratePerSecond : 0), 0);
  const cost =
    policy.events !== undefined && rate > 0 && policy.method === 'occurrences'
      ? (worst * seconds * rate) / (roomOf(policy) * policy.events)
      : worst * seconds * perSecond * policy.trafficWeight;
  return { cost, from: plan.stop.enabled ? 'as much as the stop guard lets happen' : 'if everything fails' };
}

/** A run as an entry of the ledger; undefined where it has no budget or broke nothing. */
function entryOf(result: RunResult, at: Date, reviewedBy?: string): LedgerEntry | undefined {
  const { budget, run, windows } = result;
  const first = windows.find(({ window }) => window === 'fault');
  const last = windows.findLast(({ window }) => window !== 'baseline');
  if (!budget || !first || !last) return undefined;
  const startMs = Date.parse(run.startedAt);
  return {
    v: 1,
    id: run.id,
    at: at.toISOString(),
    budget: budget.name,
    kind: 'run',
    run: run.id,
    scenario: run.scenario.name,
    environment: budget.environment,
    verdict: result.verdict,
    from: new Date(startMs + first.startS * 1000).toISOString(),
    to: new Date(startMs + last.endS * 1000).toISOString(),
    bad: budget.bad,
    total: budget.total,
    slices: budget.slices,
    cost: budget.cost,
    ...(reviewedBy ? { reviewedBy } : {}),
  };
}

/** Writes a run down. False: it was there already, or there is nothing to write. */
export async function bookRun(
  ledger: string,
  result: RunResult,
  options: { at: Date; reviewedBy?: string | undefined },
): Promise<boolean> {
  const entry = entryOf(result, options.at, options.reviewedBy);
  if (!entry) return false;
  return (await appendToLedger(ledger, [entry], lockOwner())).length > 0;
}

/** The state of a budget in words. */
export function stateSentence(policy: BudgetPolicy, state: BudgetState): string {
  const words = { ok: 'within the budget', review_required: 'a review is required', frozen: 'frozen' }[state.state];
  const forecast =
    state.state === 'frozen'
      ? ''
      : state.exhaustedInS === null
        ? '; at this rate it lasts'
        : `; at this rate nothing is left in ${days(state.exhaustedInS)}`;
  return `${policy.name}: ${formatRatio(state.consumed)} spent, ${formatRatio(Math.max(0, state.remaining))} left: ${words}. Burn rate ${Number(state.burnRate.toPrecision(3))}${forecast}.`;
}

function days(seconds: number): string {
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800
    ? `${Number((seconds / 3600).toFixed(1))} hours`
    : `${Number((seconds / 86_400).toFixed(1))} days`;
}
