import type { CommandDefinition } from './command.js';
import { openReporters, parseReporters } from './reporter-order.js';

export default {
  register(program, context) {
    program
      .command('report')
      .description('render a run again: a finished one from its result, a killed one from its logs')
      .argument('[run]', 'a run directory, `latest`, or a result.json', 'latest')
      .option('--out <folder>', 'where run directories are', 'reports')
      .option(
        '--reporter <name[=path]>',
        'terminal, html, json, junit (repeatable); default: all but json',
        collect,
        [],
      )
      .option('--json', 'print the result as one JSON document')
      .action(async (run: string, flags: { out: string; reporter: string[]; json?: boolean }) => {
        const orders = parseReporters(flags.reporter, flags.json === true);
        const [{ openRunDirectory }, { loadRun }] = await Promise.all([
          import('../record/run-directory.js'),
          import('../result/load-run.js'),
        ]);
        const directory = openRunDirectory(run, flags.out);
        const result = loadRun(directory);
        const reporters = await openReporters(orders, directory, { quiet: true, verbose: false }, context);
        await reporters.onEnd(result);
      });
  },
} satisfies CommandDefinition;

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
