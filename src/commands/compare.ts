import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ComparedResults } from '../html/compare-page.js';
import { VERDICTS } from '../reporters/words.js';
import type { RunComparison, SloComparison } from '../result/compare.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import { parseShare } from '../support/units.js';
import type { CommandContext, CommandDefinition } from './command.js';

interface CompareFlags {
  baseline?: string[];
  out: string;
  in?: string;
  margin?: string;
  json?: boolean;
  html?: string;
}

export default {
  register(program, context) {
    program
      .command('compare')
      .description(
        'is this run worse than an earlier one? Exits with 0, 1 (worse beyond the margin) or 3 (not decided)',
      )
      .argument('[run]', 'a run directory or `latest`', 'latest')
      .argument('[baseline]', 'the run to compare with: a run directory, or a result.json')
      .option('--baseline <what...>', 'in place of it: a run, or `latest-on main`, the newest finished one of a branch')
      .option('--in <folder>', 'where `latest-on` looks; the folder of --out unless said otherwise')
      .option('--out <folder>', 'where run directories are', 'reports')
      .option('--margin <share>', "how much worse it may be, as a share of each SLO's tolerance", '100%')
      .option('--html <file>', 'also write a page with both runs beside each other')
      .option('--json', 'print the comparison as one JSON document')
      .action(async (run: string, baseline: string | undefined, flags: CompareFlags) => {
        const [{ openRunDirectory }, { loadRun }, { compareRuns }, { latestOn }] = await Promise.all([
          import('../record/run-directory.js'),
          import('../result/load-run.js'),
          import('../result/compare.js'),
          import('../result/find-baseline.js'),
        ]);
        const margin = parseShare(flags.margin ?? '100%');
        if (!margin.ok || margin.value <= 0) {
          const message = `--margin: ${margin.ok ? 'it must be above 0%' : margin.problem}`;
          throw new PlimsollError({ kind: 'usage', code: 'bad_margin', message });
        }
        const wanted = flags.baseline ?? (baseline === undefined ? [] : [baseline]);
        if (wanted.length === 0 || (flags.baseline && baseline !== undefined)) {
          throw new PlimsollError({
            kind: 'usage',
            code: 'no_baseline',
            message: wanted.length === 0 ? 'compare with which run?' : 'there are two baseline runs',
            hint: 'Write plimsoll compare <run> <baseline run>, or --baseline latest-on main.',
          });
        }
        const result = loadRun(openRunDirectory(run, flags.out));
        const [first = '', branch] = wanted;
        const other =
          first === 'latest-on'
            ? latestOn(branch ?? 'main', flags.in ?? flags.out, result)
            : loadRun(openRunDirectory(first, flags.out));
        const comparison = compareRuns(result, other, { margin: margin.value });
        context.out(flags.json ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison));
        if (flags.html !== undefined)
          await writePage(flags.html, comparison, { run: result, baseline: other }, context);
        context.setExitCode(comparison.exitCode);
      });
  },
} satisfies CommandDefinition;

/** The page, and where it is: on stderr, so that `--json` stays one document. */
async function writePage(
  file: string,
  comparison: RunComparison,
  results: ComparedResults,
  context: CommandContext,
): Promise<void> {
  const { renderComparison } = await import('../html/compare-page.js');
  const path = resolve(context.cwd, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, renderComparison(comparison, results));
  } catch (error) {
    const message = `--html: ${path} cannot be written: ${messageOf(error)}`;
    throw new PlimsollError({ kind: 'usage', code: 'bad_output', message, cause: error });
  }
  context.err(`page: ${path}\n`);
}

function comparisonText(comparison: RunComparison): string {
  const { verdict, run, baseline } = comparison;
  const named = ({ id, gitBranch, gitCommit, startedAt }: RunComparison['run']): string =>
    `${id}${gitBranch ? ` on ${gitBranch}` : ''}${gitCommit ? ` at ${gitCommit}` : ''}, ${startedAt}`;
  return [
    `${VERDICTS[verdict].sign} ${VERDICTS[verdict].word} ${run.scenario}: ${comparison.sentence}.`,
    '',
    `  this run      ${named(run)} (${run.verdict})`,
    `  baseline run  ${named(baseline)} (${baseline.verdict})`,
    '',
    ...comparison.slos.map(sloLine),
    ...(comparison.multiplicity.corrected
      ? [`With ${comparison.multiplicity.critical} critical SLOs a failure has to pass Holm's correction.`]
      : []),
    ...(comparison.warnings.length > 0
      ? ['', ...comparison.warnings.map(({ code, message }) => `warning [${code}] ${message}`)]
      : []),
    '',
  ].join('\n');
}

function sloLine(slo: SloComparison): string {
  const weight = slo.severity === 'critical' ? '' : ` (${slo.severity})`;
  const direction = slo.direction === 'same' ? '' : `, ${slo.direction} beyond doubt`;
  return `${VERDICTS[slo.verdict].sign} ${slo.sentence}${direction}${weight}`;
}
