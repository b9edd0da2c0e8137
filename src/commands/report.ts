import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { REPORTER_NAMES } from '../reporters/names.js';
import type { RunResult } from '../result/schema.js';
import type { CommandContext, CommandDefinition } from './command.js';
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
        `${REPORTER_NAMES.join(', ')} (repeatable); default: terminal, html, junit`,
        collect,
        [],
      )
      .option('--svg [folder]', "write the report's charts as SVG files; default: svg/ in the run directory")
      .option('--json', 'print the result as one JSON document')
      .action(async (run: string, flags: { out: string; reporter: string[]; svg?: string | true; json?: boolean }) => {
        const orders = parseReporters(flags.reporter, flags.json === true, {});
        const [{ openRunDirectory }, { loadRun }] = await Promise.all([
          import('../record/run-directory.js'),
          import('../result/load-run.js'),
        ]);
        const directory = openRunDirectory(run, flags.out);
        const result = loadRun(directory);
        if (flags.svg !== undefined) {
          await writeCharts(result, flags.svg === true ? join(directory.path, 'svg') : resolve(flags.svg), context);
          if (flags.reporter.length === 0 && flags.json !== true) return;
        }
        const reporters = await openReporters(orders, directory, { quiet: true, verbose: false }, context);
        await reporters.onEnd(result);
      });
  },
} satisfies CommandDefinition;

async function writeCharts(result: RunResult, folder: string, context: CommandContext): Promise<void> {
  const { chartFiles } = await import('../html/standalone-svg.js');
  await mkdir(folder, { recursive: true });
  for (const { name, svg } of chartFiles(result)) {
    await writeFile(join(folder, name), svg);
    context.out(`${join(folder, name)}\n`);
  }
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
