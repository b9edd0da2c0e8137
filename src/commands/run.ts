import type { Command } from 'commander';
import type { Plan } from '../plan/plan.js';
import type { RunResult } from '../result/schema.js';
import { REPORTER_NAMES } from '../reporters/names.js';
import { systemClock } from '../support/clock.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { CommandContext, CommandDefinition, StopSignal } from './command.js';
import { loadPlans, type PlanOptions } from './load-plan.js';
import { openReporters, parseReporters, type ReporterOrder } from './reporter-order.js';
import { ordersFor, writeIndex, type FinishedRun } from './run-index.js';

/** A second signal within this time is an echo of the first, not a second wish. */
const ECHO_US = 500_000;

interface RunFlags extends PlanOptions {
  out: string;
  reporter: string[];
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  metricsPort?: string;
  allowInconclusive?: boolean;
  recover?: boolean;
  reviewedBy?: string;
}

export default {
  register(program: Command, context: CommandContext) {
    program
      .command('run')
      .description('run scenarios one after another; the exit code says the worst verdict')
      .argument('<files...>', 'scenario files or folders')
      .option('--out <folder>', 'where run directories are made', 'reports')
      .option('--reporter <name[=path]>', `add a reporter: ${REPORTER_NAMES.join(', ')} (repeatable)`, collect, [])
      .option('--json', 'print the result as one JSON document')
      .option('--quiet', 'no progress, only the result')
      .option('--verbose', 'every event')
      .option('--seed <number>', "another seed than the scenario's")
      .option('--metrics-port <port>', "serve the run's own /metrics on 127.0.0.1")
      .option('--allow-host <host>', 'a host outside loopback that load and faults may reach (repeatable)', collect, [])
      .option('--allow-inconclusive', 'exit 0 when nothing failed but not all could be decided')
      .option('--reviewed-by <name>', 'who allowed a run in production although a review of its error budget is due')
      .option('--recover', 'first undo what abandoned runs left behind')
      .action(async (files: string[], flags: RunFlags) => runAll(files, flags, context));
  },
} satisfies CommandDefinition;

async function runAll(files: string[], flags: RunFlags, context: CommandContext): Promise<void> {
  const orders = parseReporters(flags.reporter, flags.json === true, context.env);
  const plans = await loadPlans(files, flags, context);
  if (flags.recover) {
    const { recover } = await import('../run/recover.js');
    await recover({ log: (line) => context.err(`${line}\n`) });
  }
  const { startMetrics } = await import('./metrics-port.js');
  const metrics = await startMetrics(flags.metricsPort, context);
  try {
    const several = plans.length > 1;
    const runs: FinishedRun[] = [];
    for (const plan of plans) {
      const { finished, stopped } = await runOne(
        plan,
        ordersFor(orders, plan.scenario.name, several),
        flags,
        context,
        metrics,
      );
      runs.push(finished);
      if (stopped) break;
    }
    if (several) {
      try {
        const index = await writeIndex(runs, flags.out);
        (flags.json ? context.err : context.out)(`Index: ${index}\n`);
      } catch (error) {
        context.err(`warning[index_failed] the index of the runs could not be written: ${messageOf(error)}\n`);
      }
    }
  } finally {
    await metrics?.close();
  }
}

/** One scenario; `stopped`: a signal ended it, so that the next one must not start. */
async function runOne(
  plan: Plan,
  orders: ReporterOrder[],
  flags: RunFlags,
  context: CommandContext,
  metrics: Awaited<ReturnType<typeof import('./metrics-port.js').startMetrics>>,
): Promise<{ finished: FinishedRun; stopped: boolean }> {
  const [{ runPlan }, { preflight }, { RunStopped }] = await Promise.all([
    import('../run/run.js'),
    import('../run/preflight.js'),
    import('../run/stop-reason.js'),
  ]);
  await preflight(plan, (line) => context.err(`${line}\n`));
  await askBudget(plan, flags, context);

  const stop = new AbortController();
  const handOver = new AbortController();
  let firstAtUs = Infinity;
  const forget = context.onSignal((signal: StopSignal) => {
    // npm passes on what the terminal has sent to the whole group: one Ctrl-C comes twice.
    if (stop.signal.aborted && systemClock.nowUs() - firstAtUs < ECHO_US) return;
    if (!stop.signal.aborted) {
      firstAtUs = systemClock.nowUs();
      context.err(`\n${signal}: undoing what was broken (again to hand the undo to the watchdog and leave at once)\n`);
      stop.abort(new RunStopped({ kind: 'signal', signal }));
      return;
    }
    context.err('\nleaving at once: the watchdog undoes what is left and ends what the run started\n');
    handOver.abort();
    context.exitNow({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
  });
  let reporters: Awaited<ReturnType<typeof openReporters>> | undefined;
  try {
    const { result, directory } = await runPlan(plan, {
      runsRoot: flags.out,
      cwd: context.cwd,
      signal: stop.signal,
      handOver: handOver.signal,
      commandLine: context.commandLine,
      onDirectory: async (made) => {
        reporters = await openReporters(
          orders,
          made,
          { quiet: flags.quiet === true, verbose: flags.verbose === true },
          context,
        );
      },
      onEvent: (event) => {
        reporters?.onEvent(event);
        metrics?.onEvent(event);
      },
    });
    metrics?.onResult(result);
    await reporters?.onEnd(result);
    await bookBudget(plan, result, flags, context);
    for (const warning of directory.warnings) context.err(`warning: ${warning}\n`);
    const forgiven = flags.allowInconclusive === true && result.verdict === 'inconclusive' && result.exitCode === 3;
    context.setExitCode(forgiven ? 0 : result.exitCode);
    return { finished: { result, directory: directory.path }, stopped: stop.signal.aborted };
  } finally {
    forget();
  }
}

/** Before anything is started: a run in production that the budget does not bear is refused. */
async function askBudget(plan: Plan, flags: RunFlags, context: CommandContext): Promise<void> {
  if (!plan.budget?.ledger) return;
  const { checkBudgetBefore } = await import('../run/budget-book.js');
  const before = checkBudgetBefore(plan, { nowMs: systemClock.wall().getTime(), reviewedBy: flags.reviewedBy });
  for (const warning of before?.warnings ?? []) context.err(`warning: ${warning}\n`);
}

/** A run whose cost could not be written down is still a run: the verdict stands, and the person is told. */
async function bookBudget(plan: Plan, result: RunResult, flags: RunFlags, context: CommandContext): Promise<void> {
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

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
