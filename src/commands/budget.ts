import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { BudgetPlan } from '../plan/plan.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import type { CommandContext, CommandDefinition } from './command.js';
import { loadPlans } from './load-plan.js';

interface ShowFlags {
  ledger?: string;
  json?: boolean;
  entries?: boolean;
  reportOnly?: boolean;
}

interface AddFlags {
  ledger?: string;
  from: string;
  to: string;
  bad: string;
  total: string;
  note?: string;
}

const LEDGER = ['--ledger <file>', 'in place of the `budget.ledger` of the scenario'] as const;

export default {
  register(program, context) {
    const budget = program
      .command('budget')
      .description('the error-budget ledger: what is spent, and until when it lasts');
    budget
      .command('show', { isDefault: true })
      .description('how much of a budget is spent; exits with 3 when a review is due, with 1 when nothing is left')
      .argument('<scenario>', 'the scenario file whose `budget` it is')
      .option(...LEDGER)
      .option('--entries', 'every entry of the ledger')
      .option('--report-only', 'exit with 0 whatever is spent')
      .option('--json', 'print one JSON document')
      .action(async (file: string, flags: ShowFlags) => show(file, flags, context));
    budget
      .command('record')
      .description('write a run down that is not in the ledger yet; one that is there is not counted twice')
      .argument('<scenario>', 'the scenario file whose `budget` it is')
      .argument('[run]', 'a run directory or `latest`', 'latest')
      .option(...LEDGER)
      .option('--out <folder>', 'where run directories are', 'reports')
      .option('--reviewed-by <name>', 'who allowed the run')
      .action(async (file: string, run: string, flags: { ledger?: string; out: string; reviewedBy?: string }) =>
        record(file, run, flags, context),
      );
    budget
      .command('add')
      .description('write traffic outside of runs down')
      .argument('<scenario>', 'the scenario file whose `budget` it is')
      .requiredOption('--from <time>', 'when the span began, ISO 8601')
      .requiredOption('--to <time>', 'when it ended')
      .requiredOption('--bad <count>', 'bad events in it')
      .requiredOption('--total <count>', 'all events in it')
      .option('--note <text>', 'where the figures are from')
      .option(...LEDGER)
      .action(async (file: string, flags: AddFlags) => add(file, flags, context));
    budget
      .command('exclude')
      .description('take an entry out of the reckoning; it stays in the file')
      .argument('<scenario>', 'the scenario file whose `budget` it is')
      .argument('<entry>', 'its id')
      .requiredOption('--why <text>', 'the reason')
      .option(...LEDGER)
      .action(async (file: string, entry: string, flags: { why: string; ledger?: string }) =>
        exclude(file, entry, flags, context),
      );
  },
} satisfies CommandDefinition;

async function show(file: string, flags: ShowFlags, context: CommandContext): Promise<void> {
  const { policy, ledger: path } = await budgetOf(file, flags.ledger, context);
  const [{ readLedger }, { excludedOf, spendingOf, stateSentence }, { budgetState }] = await Promise.all([
    import('../record/budget-ledger.js'),
    import('../run/budget-book.js'),
    import('../verdict/budget/consumption.js'),
  ]);
  const ledger = readLedger(path);
  const state = budgetState(policy, spendingOf(ledger, policy.name), systemClock.wall().getTime());
  const excluded = excludedOf(ledger);
  const entries = ledger.entries.map((entry) => ({ ...entry, excluded: excluded.has(entry.id) }));
  if (flags.json) {
    const document = { budget: policy, ledger: path, state, damaged: ledger.damaged, entries };
    context.out(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    for (const { line, problem } of ledger.damaged)
      context.err(`warning: ${path}:${line} is not counted: ${problem}. The line stays in the file.\n`);
    context.out(`${stateSentence(policy, state)}\n`);
    const from = { policy: 'as the scenario says', counted: 'all counted', forecast: 'a forecast' }[state.expectedFrom];
    context.out(
      `  ${new Date(state.fromMs).toISOString()} to ${new Date(state.toMs).toISOString()}: ${round(state.bad)} bad of ${round(state.total)} seen; the period holds ${round(state.expected)} (${from})\n`,
    );
    if (flags.entries) for (const entry of entries) context.out(`  ${entryLine(entry)}\n`);
  }
  if (!flags.reportOnly) context.setExitCode({ ok: 0, review_required: 3, frozen: 1 }[state.state]);
}

async function record(
  file: string,
  run: string,
  flags: { ledger?: string; out: string; reviewedBy?: string },
  context: CommandContext,
): Promise<void> {
  const { policy, ledger } = await budgetOf(file, flags.ledger, context);
  const [{ openRunDirectory }, { loadRun }, { bookRun }] = await Promise.all([
    import('../record/run-directory.js'),
    import('../result/load-run.js'),
    import('../run/budget-book.js'),
  ]);
  const result = loadRun(openRunDirectory(run, flags.out));
  if (result.budget?.name !== policy.name) {
    throw usage(
      'other_budget',
      result.budget
        ? `the run ${result.run.id} belongs to the budget ${result.budget.name}, not to ${policy.name}`
        : `the run ${result.run.id} has no error budget: its scenario had no \`budget\` block`,
    );
  }
  const written = await bookRun(ledger, result, { at: systemClock.wall(), reviewedBy: flags.reviewedBy });
  context.out(`run ${result.run.id} ${written ? 'written to' : 'is already in, or broke nothing for,'} ${ledger}\n`);
}

async function add(file: string, flags: AddFlags, context: CommandContext): Promise<void> {
  const { policy, ledger } = await budgetOf(file, flags.ledger, context);
  const [from, to] = [moment(flags.from, '--from'), moment(flags.to, '--to')];
  if (Date.parse(to) <= Date.parse(from)) throw usage('bad_span', `--to ${flags.to} is not after --from ${flags.from}`);
  const [bad, total] = [count(flags.bad, '--bad'), count(flags.total, '--total')];
  if (bad > total) throw usage('bad_count', `--bad ${bad} is more than --total ${total}`);
  await write(
    ledger,
    { ...header(policy.name), kind: 'usage', from, to, bad, total, ...(flags.note ? { note: flags.note } : {}) },
    context,
  );
}

async function exclude(
  file: string,
  entry: string,
  flags: { why: string; ledger?: string },
  context: CommandContext,
): Promise<void> {
  const { policy, ledger } = await budgetOf(file, flags.ledger, context);
  const { readLedger } = await import('../record/budget-ledger.js');
  const known = readLedger(ledger).entries.filter(({ kind }) => kind !== 'exclude');
  if (!known.some(({ id }) => id === entry)) {
    throw usage(
      'no_such_entry',
      `there is no entry ${entry} in ${ledger}`,
      '`plimsoll budget show … --entries` lists them.',
    );
  }
  await write(ledger, { ...header(policy.name), kind: 'exclude', entry, why: flags.why }, context);
}

async function write(
  ledger: string,
  entry: import('../record/budget-ledger.js').LedgerEntry,
  context: CommandContext,
): Promise<void> {
  const [{ appendToLedger }, { lockOwner }] = await Promise.all([
    import('../record/budget-ledger.js'),
    import('../run/budget-book.js'),
  ]);
  await appendToLedger(ledger, [entry], lockOwner());
  context.out(`entry ${entry.id} written to ${ledger}\n`);
}

/** The budget of a scenario, and its ledger. */
async function budgetOf(
  file: string,
  ledger: string | undefined,
  context: CommandContext,
): Promise<{ policy: BudgetPlan['policy']; ledger: string }> {
  const [plan] = await loadPlans([file], {}, context);
  if (!plan?.budget) throw usage('no_budget', `${file} has no \`budget\` block`, 'docs/budgets.md shows one.');
  const path = ledger === undefined ? plan.budget.ledger : resolve(context.cwd, ledger);
  if (path === undefined)
    throw usage(
      'no_ledger',
      `the budget of ${file} names no ledger`,
      'Write `ledger: budget.ndjson` there, or give --ledger.',
    );
  return { policy: plan.budget.policy, ledger: path };
}

function header(budget: string) {
  return { v: 1 as const, id: randomBytes(6).toString('hex'), at: systemClock.wall().toISOString(), budget };
}

function entryLine(entry: import('../record/budget-ledger.js').LedgerEntry & { excluded: boolean }): string {
  const out = entry.excluded ? ' [excluded]' : '';
  switch (entry.kind) {
    case 'run':
      return `${entry.id} ${entry.from} run of ${entry.scenario} (${entry.environment}, ${entry.verdict}): ${percent(entry.cost?.value)}, at most ${percent(entry.cost?.high)}${out}`;
    case 'usage':
      return `${entry.id} ${entry.from} usage: ${entry.bad} bad of ${entry.total}${entry.note ? `, ${entry.note}` : ''}${out}`;
    case 'exclude':
      return `${entry.id} ${entry.at} excludes ${entry.entry}: ${entry.why}`;
  }
}

function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? 'unknown' : `${Number((share * 100).toPrecision(3))} %`;
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function moment(text: string, flag: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usage('bad_time', `${flag} ${text} is not a time`, 'Write it like 2026-01-31T09:30:00Z.');
  return new Date(at).toISOString();
}

function count(text: string, flag: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw usage('bad_count', `${flag} ${text} is not a number of events`);
  return value;
}

function usage(code: string, message: string, hint?: string): PlimsollError {
  return new PlimsollError({ kind: 'usage', code, message, ...(hint ? { hint } : {}) });
}
