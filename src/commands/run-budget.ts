import type { Plan } from '../plan/plan.js';
import type { RunResult } from '../result/schema.js';
import { systemClock } from '../support/clock.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { CommandContext } from './command.js';

/** Before anything is started: a run in production that the budget does not bear is refused. */
export async function askBudget(plan: Plan, flags: { reviewedBy?: string }, context: CommandContext): Promise<void> {
  if (!plan.budget?.ledger) return;
  const { checkBudgetBefore } = await import('../run/budget-book.js');
  const before = checkBudgetBefore(plan, { nowMs: systemClock.wall().getTime(), reviewedBy: flags.reviewedBy });
  for (const warning of before?.warnings ?? []) context.err(`warning: ${warning}\n`);
}

/** A run whose cost could not be written down is still a run: the verdict stands, and the person is told. */
export async function bookBudget(
  plan: Plan,
  result: RunResult,
  flags: { reviewedBy?: string },
  context: CommandContext,
): Promise<void> {
  if (!plan.budget?.ledger) return;
  const { bookRun } = await import('../run/budget-book.js');
  try {
    await bookRun(plan.budget.ledger, result, { at: systemClock.wall(), reviewedBy: flags.reviewedBy });
  } catch (error) {
    const hint = error instanceof PlimsollError && error.hint ? ` ${error.hint}` : '';
    context.err(`warning: ${messageOf(error)}.${hint}\n`);
    context.setExitCode(3);
  }
}
