import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolvePlan } from '../../src/plan/index.js';
import { discoverScenarios, formatProblems, parseScenario } from '../../src/scenario/index.js';

const FIXTURE = 'test/scenario/fixtures/product.yaml';

function planOf(file: string) {
  const { scenario, problems } = parseScenario(readFileSync(file, 'utf8'), file, {});
  if (!scenario) throw new Error(formatProblems(problems, { colour: false }));
  const resolved = resolvePlan(scenario, { allowHosts: [], cwd: process.cwd() });
  if (!resolved.plan) throw new Error(formatProblems(resolved.problems, { colour: false }));
  return resolved.plan;
}

describe('the scenario that describes the product', () => {
  const plan = planOf(FIXTURE);

  it('is understood as a whole', () => {
    expect(plan.system.services.map(({ name, how }) => [name, how])).toEqual([
      ['gateway', 'none'],
      ['order', 'listening'],
      ['worker', 'run'],
      ['payment', 'listening'],
      ['settlement', 'container'],
    ]);
    expect(plan.load.streams).toMatchObject([
      { name: 'checkouts', model: 'open', ratePerSecond: 250, arrivals: 'poisson', inFlightCap: 1000 },
      { name: 'shoppers', model: 'closed', users: 8, thinkMs: { min: 100, max: 100 } },
    ]);
    expect(plan.faults.map(({ id, atMs, definition }) => [id, atMs, definition.type])).toEqual([
      ['f1', 0, 'latency'],
      ['f2', 10_000, 'process-kill'],
    ]);
    expect(plan.slos).toMatchObject([
      { objective: { op: '>=', value: 0.999 }, tolerances: [{ type: 'points', value: 0.001 }] },
      { request: 'checkout', tolerances: [{ type: 'seconds', value: 0.2 }], recoverWithinS: 5 },
      { indicator: { type: 'status', status: 200 }, severity: 'info' },
      { stream: 'checkouts', tolerances: [{ type: 'relative', value: 0.1 }], severity: 'warning' },
    ]);
    expect(plan.invariants).toMatchObject([{ name: 'nothing lost', equals: { lost: 0, doubled: 0 } }]);
    expect(plan.seed).toBe(7);
  });

  it('has an error budget with its rules', () => {
    expect(plan.budget).toMatchObject({
      ledger: undefined,
      policy: {
        objective: 0.999,
        window: { type: 'rolling', seconds: 2_592_000 },
        events: 50e6,
        abortPerHour: 0.05,
        review: 0.7,
        reserve: 0.3,
      },
    });
  });
});

describe('the scenarios of the repository', () => {
  it.each(discoverScenarios(['scenarios', 'docs/first-scenario.yaml'], process.cwd()))('%s is valid', (file) => {
    expect(planOf(file).slos.length).toBeGreaterThan(0);
  });
});
