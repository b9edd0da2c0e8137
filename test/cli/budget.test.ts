import { execa } from 'execa';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLedger } from '../../src/record/budget-ledger.js';
import type { BudgetPolicy } from '../../src/verdict/budget/policy.js';
import { generateRun } from '../result/generated-run.js';
import { BASE } from '../scenario/base.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-budget-'));
  writeFileSync(
    join(folder, 'shop.yaml'),
    `${BASE}budget: { objective: 99.9%, environment: production, events: 1M, ledger: budget.ndjson }\n`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plimsoll = async (...argv: string[]) =>
  execa(process.execPath, [resolve('dist/cli.js'), ...argv], { cwd: folder, reject: false, env: { NO_COLOR: '1' } });
const span = (hoursAgo: number) => [
  '--from',
  new Date(Date.now() - hoursAgo * 3.6e6).toISOString(),
  '--to',
  new Date(Date.now() - (hoursAgo - 1) * 3.6e6).toISOString(),
];

describe('plimsoll budget', () => {
  it('adds up what was spent, asks for a review, refuses a run without one, and lets entries be excluded', async () => {
    expect((await plimsoll('budget', 'shop.yaml')).exitCode).toBe(0);
    await plimsoll(
      'budget',
      'add',
      'shop.yaml',
      ...span(5),
      '--bad',
      '500',
      '--total',
      '20000',
      '--note',
      'from Prometheus',
    );
    const added = await plimsoll('budget', 'add', 'shop.yaml', ...span(3), '--bad', '250', '--total', '20000');
    expect(added.stdout).toMatch(/^entry [0-9a-f]{12} written to/);

    const due = await plimsoll('budget', 'shop.yaml');
    expect(due.exitCode).toBe(3);
    expect(due.stdout).toMatch(/^base: 75 % spent, 25 % left: a review is required/);

    const run = await plimsoll('run', 'shop.yaml');
    expect([run.exitCode, run.stderr]).toEqual([
      3,
      expect.stringMatching(/budget_review_required.*[\s\S]*--reviewed-by/),
    ]);

    const id = added.stdout.split(' ')[1]!;
    await plimsoll('budget', 'exclude', 'shop.yaml', id, '--why', 'a drill');
    appendFileSync(join(folder, 'budget.ndjson'), 'not an entry\n');
    const shown = await plimsoll('budget', 'show', 'shop.yaml', '--entries');
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/^base: 50 % spent/);
    expect(shown.stdout).toMatch(new RegExp(`${id} .* \\[excluded\\]`));
    expect(shown.stderr).toMatch(/budget\.ndjson:4 is not counted/);
    // The reserve: 50 % left, but the guard lets half of the requests of 30 s fail, 1,500 of the 1,000 that may.
    const reserve = await plimsoll('run', 'shop.yaml', '--reviewed-by', 'Ada');
    expect([reserve.exitCode, reserve.stderr]).toEqual([3, expect.stringContaining('budget_reserve')]);
  });

  it('writes a run down once, and says what is wrong with figures', async () => {
    const policy: BudgetPolicy = {
      name: 'base',
      objective: 0.999,
      method: 'occurrences',
      window: { type: 'rolling', seconds: 2_592_000 },
      events: 1e6,
      environment: 'production',
      trafficWeight: 1,
      sliceS: 60,
      sliceTarget: 0.999,
      emptySlice: 'skip',
      abortPerHour: 0.05,
      review: 0.7,
      reserve: 0.3,
      minEvents: 5,
    };
    generateRun({
      folder: join(folder, 'run'),
      arrival: (arrival, i) => (i > 2400 && i < 2501 ? { ...arrival, outcome: 'http_5xx', status: 500 } : arrival),
      event: (type, body) => void (type === 'plan.resolved' && (body['budget'] = policy)),
    });
    expect((await plimsoll('budget', 'record', 'shop.yaml', 'run')).stdout).toMatch(/run gen00001 written/);
    expect((await plimsoll('budget', 'record', 'shop.yaml', 'run')).stdout).toMatch(/already in/);
    const { entries } = readLedger(join(folder, 'budget.ndjson'));
    expect(entries).toMatchObject([{ kind: 'run', bad: 100, environment: 'production', cost: { value: 0.1 } }]);
    const wrong = await plimsoll('budget', 'add', 'shop.yaml', ...span(1), '--bad', '9', '--total', '3');
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('--bad 9 is more than --total 3')]);
  });
});
