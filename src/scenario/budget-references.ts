import { abortLimit, largestBurn } from '../verdict/budget/policy.js';
import { isTimeZone, parseLocal } from '../verdict/budget/calendar.js';
import { budgetPolicy } from './budget-policy.js';
import { nearest, type ProblemSink } from './problems.js';
import type { ScenarioDocument } from './schema.js';

/** What no schema can say of a budget: names that must exist, rules that must be able to fire. */
export function checkBudget(scenario: ScenarioDocument, problems: ProblemSink): void {
  const { budget } = scenario;
  if (!budget) return;
  const { streams } = scenario.load;
  if (budget.objective <= 0 || budget.objective >= 1) {
    problems.add(['budget', 'objective'], {
      code: 'no_budget',
      message: 'an objective of 0% or 100% leaves no error budget',
      hint: 'Write what may fail, such as 99.9%.',
    });
    return;
  }
  if (typeof budget.window === 'object') {
    const { timeZone, start } = budget.window;
    if (timeZone !== undefined && !isTimeZone(timeZone))
      problems.add(['budget', 'window', 'timeZone'], {
        code: 'unknown_time_zone',
        message: `there is no time zone "${timeZone}"`,
        hint: 'Write an IANA name, such as Europe/Berlin or UTC.',
      });
    if (start !== undefined && !parseLocal(start))
      problems.add(['budget', 'window', 'start'], {
        code: 'bad_start',
        message: `"${start}" is not a local time`,
        hint: 'Write it like 2024-01-01T00:00:00.',
      });
  }
  const policy = budgetPolicy(scenario.name, budget);
  const limit = abortLimit(policy);
  if (budget.abort !== undefined && limit && limit.burnRate >= largestBurn(policy)) {
    problems.add(['budget', 'abort'], {
      code: 'rule_cannot_fire',
      message: `the abort rule means a burn rate of ${round(limit.burnRate)}, but even if everything fails it is ${round(largestBurn(policy))}`,
      hint: 'Write a smaller share, abort: off, or a stricter objective.',
    });
  }
  if (budget.environment === 'production' && budget.method === 'occurrences' && budget.events === undefined) {
    problems.add(['budget', 'environment'], {
      code: 'events_missing',
      message:
        'in production a budget needs the number of events of its window: without it nobody can say what one costs',
      hint: 'Write events: 50M.',
    });
  }
  if (budget.sliceTarget !== undefined && budget.sliceTarget <= 0)
    problems.add(['budget', 'sliceTarget'], {
      code: 'bad_slice_target',
      message: 'a slice target of 0% is always met',
    });
  if (budget.stream !== undefined && !Object.hasOwn(streams, budget.stream)) {
    problems.add(['budget', 'stream'], {
      code: 'unknown_stream',
      message: `the budget is about the stream "${budget.stream}", which is not there`,
      hint: nearest(budget.stream, Object.keys(streams)),
    });
  }
  const requests = Object.values(streams).flatMap((stream) => stream.requests.map(({ name }) => name));
  if (budget.request !== undefined && !requests.includes(budget.request)) {
    problems.add(['budget', 'request'], {
      code: 'unknown_request',
      message: `the budget is about the request "${budget.request}", which is not there`,
      hint: nearest(budget.request, requests),
    });
  }
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
