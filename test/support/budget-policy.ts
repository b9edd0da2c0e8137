import type { BudgetPolicy } from '../../src/verdict/budget/policy.js';

/** A 99.9 % budget over 30 rolling days, with the defaults of the language. */
export const budgetPolicy = (over: Partial<BudgetPolicy> = {}): BudgetPolicy => ({
  name: 'shop',
  objective: 0.999,
  method: 'occurrences',
  window: { type: 'rolling', seconds: 30 * 86_400 },
  environment: 'test',
  trafficWeight: 1,
  sliceS: 60,
  sliceTarget: 0.99,
  emptySlice: 'skip',
  abortPerHour: 0.05,
  review: 0.7,
  reserve: 0.3,
  minEvents: 5,
  ...over,
});
