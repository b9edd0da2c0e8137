import type { Command } from 'commander';
import { REPORTER_NAMES } from '../reporters/names.js';
import { messageOf } from '../support/errors.js';
import type { CommandContext, CommandDefinition } from './command.js';
import { loadPlans, type PlanOptions } from './load-plan.js';
import { parseReporters } from './reporter-order.js';
import { ordersFor, writeIndex, type FinishedRun } from './run-index.js';
import { askBudget, bookBudget } from './run-budget.js';
import { runOne } from './run-one.js';

interface RunFlags extends PlanOptions {
  out: string;
  reporter: string[];
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  metricsPort?: string;
  allowInconclusive?: boolean;
  recover?: boolean;
  gate?: boolean;
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
      .option('--gate', "act on what breaks: run the scenario's onBreach commands, such as a roll-back")
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
      await askBudget(plan, flags, context);
      const own = ordersFor(orders, plan.scenario.name, several);
      const { result, directory, stopped } = await runOne(plan, own, flags, context, metrics);
      await bookBudget(plan, result, flags, context);
      const forgiven = flags.allowInconclusive === true && result.verdict === 'inconclusive' && result.exitCode === 3;
      context.setExitCode(forgiven ? 0 : result.exitCode);
      // Whoever goes on after a 0 must be able to count on it that the gate did what it is there for.
      if (result.gate?.some(({ done }) => done !== true)) context.setExitCode(3);
      runs.push({ result, directory: directory.path });
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

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
