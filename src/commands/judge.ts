import { REPORTER_NAMES } from '../reporters/names.js';
import type { CommandDefinition } from './command.js';
import { loadPlans } from './load-plan.js';
import { openReporters, parseReporters } from './reporter-order.js';

export default {
  register(program, context) {
    program
      .command('judge')
      .description(
        'judge the recorded arrivals of a run again, with its own SLOs or with those of another scenario file',
      )
      .argument('[run]', 'a run directory or `latest`', 'latest')
      .option('--scenario <file>', 'take the SLOs of this scenario')
      .option('--out <folder>', 'where run directories are', 'reports')
      .option(
        '--reporter <name[=path]>',
        `${REPORTER_NAMES.join(', ')} (repeatable); default: terminal only`,
        collect,
        [],
      )
      .option('--json', 'print the result as one JSON document')
      .action(async (run: string, flags: { scenario?: string; out: string; reporter: string[]; json?: boolean }) => {
        const [{ openRunDirectory }, { judgeAgain }] = await Promise.all([
          import('../record/run-directory.js'),
          import('../result/judge-again.js'),
        ]);
        const slos =
          flags.scenario === undefined ? undefined : (await loadPlans([flags.scenario], {}, context))[0]?.slos;
        const directory = openRunDirectory(run, flags.out);
        const result = judgeAgain(directory, slos);
        // The run's own report keeps its verdict: a second opinion is shown, and written only where asked for.
        const written = new Set(flags.reporter.map((order) => order.split('=')[0]));
        const orders = parseReporters(flags.reporter, flags.json === true, {}).filter(
          ({ name, path }) => path !== undefined || written.has(name) || name === 'terminal' || name === 'json',
        );
        const reporters = await openReporters(orders, directory, { quiet: true, verbose: false }, context);
        await reporters.onEnd(result);
        context.setExitCode(result.exitCode);
      });
  },
} satisfies CommandDefinition;

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
