import { describe, expect, it } from 'vitest';
import { budgetPolicy } from '../../src/scenario/budget-policy.js';
import { BASE, problemsOf, valid } from './base.js';

const withBudget = (budget: string) => `${BASE}budget: ${budget}\n`;
const policyOf = (budget: string) => {
  const scenario = valid(withBudget(budget));
  return budgetPolicy(scenario.name, scenario.budget!);
};
const refused = (budget: string) => problemsOf(withBudget(budget)).map(({ code, location }) => [code, location.line]);
const LINE = BASE.split('\n').length;

describe('the budget of a scenario', () => {
  it('has defaults that can fire', () => {
    expect(policyOf('{ objective: 99.9% }')).toMatchObject({
      name: 'base',
      window: { type: 'rolling', seconds: 2_592_000 },
      environment: 'test',
      method: 'occurrences',
      sliceS: 60,
      sliceTarget: 0.999,
      abortPerHour: 0.05,
      review: 0.7,
      reserve: 0.3,
    });
    // Even total failure would not reach 5 % in an hour: nobody asked for the rule, so there is none.
    expect(policyOf('{ objective: 95% }').abortPerHour).toBeNull();
    expect(policyOf('{ objective: 99.9%, abort: off }').abortPerHour).toBeNull();
  });

  it('may hang on a calendar', () => {
    expect(
      policyOf('{ objective: 99.9%, window: { calendar: month, timeZone: Europe/Berlin }, events: 2.5M }'),
    ).toMatchObject({
      events: 2.5e6,
      window: { type: 'calendar', unit: 'month', count: 1, timeZone: 'Europe/Berlin', start: '2024-01-01T00:00:00' },
    });
  });

  it.each([
    ['{ objective: 95%, abort: 5%/h }', 'rule_cannot_fire'],
    ['{ objective: 100% }', 'no_budget'],
    ['{ objective: 99.9%, abort: 5% }', 'invalid'],
    ['{ objective: 99.9%, window: 3s }', 'invalid'],
    ['{ objective: 99.9%, events: many }', 'invalid'],
    ['{ objective: 99.9%, environment: production }', 'events_missing'],
    ['{ objective: 99.9%, stream: checkout }', 'unknown_stream'],
    ['{ objective: 99.9%, request: checkouts }', 'unknown_request'],
    ['{ objective: 99.9%, window: { calendar: month, timeZone: Europe/Atlantis } }', 'unknown_time_zone'],
    ['{ objective: 99.9%, window: { calendar: month, start: 2024-02-30 } }', 'bad_start'],
    ['{ objective: 99.9%, reviews: 70% }', 'unknown_key'],
  ])('%s is %s, at its line', (budget, code) => {
    expect(refused(budget)).toEqual([[code, LINE]]);
  });
});
