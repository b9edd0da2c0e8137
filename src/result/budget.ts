import type { EventOf } from '../record/events.js';
import { messageOf } from '../support/errors.js';
import { judgeBudget } from '../verdict/budget/cost.js';
import { BudgetPolicy } from '../verdict/budget/policy.js';
import type { JudgeInput } from '../verdict/input.js';
import type { RunResult } from './schema.js';

/** What the run cost the budget of its scenario. What cannot be reckoned is a warning: it decides no verdict. */
export function budgetOf(
  plan: EventOf<'plan.resolved'> | undefined,
  input: JudgeInput,
): { judged: Pick<RunResult, 'budget' | 'alerts'>; warnings: RunResult['warnings'] } {
  if (plan?.budget === undefined) return { judged: {}, warnings: [] };
  const policy = BudgetPolicy.safeParse(plan.budget);
  if (!policy.success) {
    const message = `the recorded error budget can't be read: ${policy.error.issues[0]?.message}`;
    return { judged: {}, warnings: [{ code: 'budget_unreadable', message }] };
  }
  try {
    return { judged: judgeBudget(input, policy.data), warnings: [] };
  } catch (error) {
    const message = `what the run cost the error budget could not be reckoned: ${messageOf(error)}`;
    return { judged: {}, warnings: [{ code: 'budget_not_reckoned', message }] };
  }
}
