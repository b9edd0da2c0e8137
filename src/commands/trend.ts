import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { VERDICTS } from '../reporters/words.js';
import type { Trend } from '../result/trend.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { CommandDefinition } from './command.js';

export default {
  register(program, context) {
    program
      .command('trend')
      .description(
        'how the runs in a folder came out over time: a page with the verdicts and the SLOs of each scenario',
      )
      .argument('[folder]', 'where run directories are', 'reports')
      .option('--html <file>', 'where to write the page; default: trend.html in that folder')
      .option('--scenario <name>', 'only the runs of this scenario')
      .action(async (folder: string, flags: { html?: string; scenario?: string }) => {
        const [{ runsIn }, { trendsOf }, { renderTrends }] = await Promise.all([
          import('../result/runs-in.js'),
          import('../result/trend.js'),
          import('../html/trend-page.js'),
        ]);
        const root = resolve(context.cwd, folder);
        const file = resolve(context.cwd, flags.html ?? join(folder, 'trend.html'));
        const runs = [];
        const unreadable: string[] = [];
        for (const run of runsIn(root)) {
          if (!run.result) unreadable.push(`${run.name}: ${run.unreadable}`);
          else if (flags.scenario === undefined || run.result.run.scenario.name === flags.scenario) {
            const report = join(run.path, 'report.html');
            runs.push({ result: run.result, ...(existsSync(report) ? { report: linkFrom(file, report) } : {}) });
          }
        }
        if (runs.length === 0) {
          const which = flags.scenario === undefined ? '' : ` of the scenario ${flags.scenario}`;
          throw new PlimsollError({
            kind: 'usage',
            code: 'no_runs',
            message: `there is no run${which} in ${root}${unreadable[0] ? ` that can be read (${unreadable[0]})` : ''}`,
            hint: 'Name the folder that run directories are in: plimsoll trend reports.',
          });
        }
        const trends = trendsOf(runs);
        try {
          await mkdir(dirname(file), { recursive: true });
          await writeFile(file, renderTrends(trends, unreadable));
        } catch (error) {
          const message = `the page ${file} cannot be written: ${messageOf(error)}`;
          throw new PlimsollError({ kind: 'usage', code: 'bad_output', message, cause: error });
        }
        context.out(`${trends.map(trendLine).join('\n')}\n`);
        for (const line of unreadable) context.err(`warning: left out ${line}\n`);
        context.out(`page: ${file}\n`);
      });
  },
} satisfies CommandDefinition;

function linkFrom(page: string, report: string): string {
  return relative(dirname(page), report).split(sep).join('/');
}

/** Each run as a sign, the oldest first. */
function trendLine({ scenario, runs }: Trend): string {
  const passed = runs.filter(({ verdict }) => verdict === 'passed').length;
  const signs = runs.slice(-40).map(({ verdict }) => VERDICTS[verdict].sign);
  return `${scenario}: ${passed} of ${runs.length} passed  ${runs.length > signs.length ? '… ' : ''}${signs.join('')}`;
}
