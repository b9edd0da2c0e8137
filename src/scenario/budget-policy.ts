import { abortLimit, largestBurn, type BudgetPolicy, type BudgetWindow } from '../verdict/budget/policy.js';
import type { BudgetDocument } from './budget-schema.js';

/** A Monday, and the first of a month, a quarter and a year. */
const START = '2024-01-01T00:00:00';
const ABORT_PER_HOUR = 0.05;

/** The `budget` block as it is judged: defaults filled in, durations in seconds. */
export function budgetPolicy(scenarioName: string, budget: BudgetDocument): BudgetPolicy {
  const policy: BudgetPolicy = {
    name: budget.name ?? scenarioName,
    objective: budget.objective,
    method: budget.method,
    window: windowOf(budget.window),
    ...(budget.events === undefined ? {} : { events: budget.events }),
    environment: budget.environment,
    trafficWeight: budget.trafficWeight,
    ...(budget.incident ? { incidentS: budget.incident / 1000 } : {}),
    sliceS: (budget.slice ?? 60_000) / 1000,
    sliceTarget: budget.sliceTarget ?? budget.objective,
    emptySlice: budget.emptySlice,
    abortPerHour: budget.abort === undefined ? ABORT_PER_HOUR : budget.abort,
    review: budget.review,
    reserve: budget.reserve,
    minEvents: budget.minEvents,
    ...(budget.stream === undefined ? {} : { stream: budget.stream }),
    ...(budget.request === undefined ? {} : { request: budget.request }),
  };
  // Nobody asked for the default: where it could never fire, there is none.
  const limit = abortLimit(policy);
  if (budget.abort === undefined && limit && limit.burnRate >= largestBurn(policy)) policy.abortPerHour = null;
  return policy;
}

function windowOf(window: BudgetDocument['window']): BudgetWindow {
  if (typeof window === 'number') return { type: 'rolling', seconds: window / 1000 };
  return {
    type: 'calendar',
    unit: window.calendar,
    count: window.count ?? 1,
    timeZone: window.timeZone ?? 'UTC',
    start: window.start ?? START,
  };
}
