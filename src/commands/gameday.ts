import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import type { CommandContext, CommandDefinition } from './command.js';
import { loadPlans, type PlanOptions } from './load-plan.js';
import { parseReporters } from './reporter-order.js';
import { askBudget, bookBudget } from './run-budget.js';
import { runOne } from './run-one.js';

interface GameDayFlags extends PlanOptions {
  out: string;
  port: string;
  stay: string;
  script?: boolean;
  blind?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  json?: boolean;
  reviewedBy?: string;
}

export default {
  register(program: Command, context: CommandContext) {
    program
      .command('gameday')
      .description(
        'a run that people steer on a live page: faults on a button, notes, and one button that undoes it all',
      )
      .argument('<file>', 'scenario file')
      .option('--port <port>', 'of the live page on 127.0.0.1; 0 takes any free one', '0')
      .option('--script', "the scenario's faults come at their times, once somebody lets the script begin")
      .option('--blind', 'a second link for a team that does not see the faults until they are revealed')
      .option('--stay <seconds>', 'how long the page stays after the end for those who look at it', '60')
      .option('--out <folder>', 'where run directories are made', 'reports')
      .option('--json', 'print the result as one JSON document')
      .option('--quiet', 'no progress, only the links and the result')
      .option('--verbose', 'every event')
      .option('--seed <number>', "another seed than the scenario's")
      .option(
        '--allow-host <host>',
        'a host outside loopback that load and faults may reach (repeatable)',
        (value: string, previous: string[]) => [...previous, value],
        [],
      )
      .option('--reviewed-by <name>', 'who allowed a run in production although a review of its error budget is due')
      .action(async (file: string, flags: GameDayFlags) => gameDay(file, flags, context));
  },
} satisfies CommandDefinition;

async function gameDay(file: string, flags: GameDayFlags, context: CommandContext): Promise<void> {
  const port = numberOf('--port', flags.port, 65_535);
  const stayS = numberOf('--stay', flags.stay, 86_400);
  const orders = parseReporters([], flags.json === true, context.env);
  const plans = await loadPlans([file], flags, context);
  const [first] = plans;
  if (!first || plans.length > 1) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'one_scenario',
      message: `a game day is of one scenario, and ${file} holds ${plans.length}`,
      hint: 'Give the path of one file.',
    });
  }
  // People decide how often a fault comes: repetitions by a clock have no place here.
  const plan = { ...first, trials: 1, decideEarly: false };
  await askBudget(plan, flags, context);
  const [{ Steering }, { Show }, { serveGameDay }] = await Promise.all([
    import('../run/steering.js'),
    import('../gameday/show.js'),
    import('../gameday/server.js'),
  ]);
  const blind = flags.blind === true;
  const steering = new Steering({ script: flags.script === true, blind });
  const show = new Show({ blind });
  const server = await serveGameDay({ port, blind, show, steering });
  try {
    const { operator, team } = server.urls;
    context.err(
      team === undefined ? `Live page: ${operator}\n` : `For who injects: ${operator}\nFor the team:    ${team}\n`,
    );
    const { result, directory } = await runOne(plan, orders, { ...flags, steering }, context, show);
    await bookBudget(plan, result, flags, context);
    context.setExitCode(result.exitCode);
    if (existsSync(directory.report)) server.setReport(readFileSync(directory.report, 'utf8'));
    const somebodyLooks = show.viewers > 0;
    show.end();
    if (somebodyLooks && stayS > 0) await stay(stayS, context);
  } finally {
    show.end();
    await server.close();
  }
}

/** Time to open the report from the page; a signal ends it. */
async function stay(seconds: number, context: CommandContext): Promise<void> {
  context.err(`The live page stays for ${seconds} s; Ctrl-C ends it.\n`);
  const leave = new AbortController();
  const forget = context.onSignal(() => leave.abort());
  try {
    await systemClock.sleep(seconds * 1000, leave.signal);
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    forget();
  }
}

function numberOf(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= most && text.trim() !== '') return number;
  throw new PlimsollError({
    kind: 'usage',
    code: 'bad_number',
    message: `${flag} ${text} is not a whole number from 0 to ${most}`,
  });
}
