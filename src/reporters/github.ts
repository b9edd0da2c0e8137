import { appendFile, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import type { RunResult } from '../result/schema.js';
import { markdownSummary } from './markdown-text.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';
import { slosInText } from './scenario-lines.js';
import { truncate } from './text.js';
import { reasonOf, type SloResult } from './words.js';

/** GitHub cuts a step summary at 1 MiB, and then shows none of it. */
const SUMMARY_BYTES = 1024 * 1024;
/** GitHub shows ten errors and ten warnings of a step; the worst must be among them. */
const MOST = 10;

/** Annotations on the pull request, and the job's summary page. On by itself in GitHub Actions. */
const github: ReporterDefinition = {
  name: 'github',
  description: 'annotations and the step summary of GitHub Actions (by itself there)',
  create: (output) => ({
    async onEnd(result) {
      const env = output.env ?? {};
      // The runner reads commands from both streams; stdout may be promised to one JSON document.
      output.err(annotations(result, env['GITHUB_WORKSPACE']).join(''));
      const text = markdownSummary(result, output.report);
      if (output.path !== undefined) return writeOutput(output, 'step-summary.md', text);
      const file = env['GITHUB_STEP_SUMMARY'];
      if (file === undefined || file === '') return;
      await appendFile(file, fitted(`${text}\n`, SUMMARY_BYTES - (await sizeOf(file))));
    },
  }),
};
export default github;

/**
 * Workflow commands, worst first: one for each broken SLO and invariant at its line of the scenario, one for each SLO that
 * could not be decided, one for the run where it broke or cleaned up badly.
 *
 * @param workspace The folder that paths in annotations start from.
 */
export function annotations(result: RunResult, workspace?: string): string[] {
  const { file, text } = result.run.scenario;
  const path = workspace !== undefined && isAbsolute(file) ? relative(workspace, file) : file;
  const lines = slosInText(text);
  const at = (name?: string): string => {
    const line = (name === undefined ? undefined : lines.get(name)) ?? 1;
    return path === '' ? '' : `file=${property(path)},line=${line},`;
  };
  const command = (level: 'error' | 'warning', place: string, title: string, message: string): string =>
    `::${level} ${place}title=${property(truncate(title, 120))}::${data(truncate(message, 2000))}\n`;
  const errors: string[] = [];
  if (!result.cleanup.proven) {
    errors.push(command('error', at(), 'A fault may still be active', result.cleanup.sentence));
  }
  if (result.verdict === 'errored' || result.verdict === 'aborted' || !result.run.complete) {
    errors.push(command('error', at(), `${result.verdict}: ${result.run.scenario.name}`, result.sentence));
  }
  for (const slo of result.slos.filter(isBroken).toSorted((a, b) => badness(b) - badness(a))) {
    errors.push(command('error', at(slo.name), `${slo.name} failed`, slo.sentence));
  }
  for (const { name, held, message, expected, found } of result.invariants) {
    if (held !== false) continue;
    errors.push(command('error', at(name), `${name} violated`, `${message} (expected ${expected}, found ${found})`));
  }
  const warnings = result.slos
    .filter((slo) => slo.verdict !== 'passed' && !isBroken(slo) && slo.severity !== 'info')
    .map((slo) => command('warning', at(slo.name), `${slo.name} ${slo.verdict}`, reasonOf(slo)));
  return [...errors.slice(0, MOST), ...warnings.slice(0, MOST)];
}

function isBroken(slo: SloResult): boolean {
  return slo.verdict === 'failed' && slo.severity === 'critical';
}

/** How far the worst part lies over its line, in multiples of what was allowed. */
function badness({ parts }: SloResult): number {
  return Math.max(
    0,
    ...parts
      .filter(({ verdict }) => verdict === 'failed')
      .map(({ estimate, limit, part }) => {
        const value = estimate.value ?? Infinity;
        return part === 'objective' ? Math.abs(value - limit) / (Math.abs(limit) || 1) : value / (limit || 1);
      }),
  );
}

/** The text of a workflow command: what would end or begin one is written as GitHub reads it back. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Text of at most `bytes` bytes: whole lines, and a last one that says that there was more. */
export function fitted(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const note = '\n… cut: a step summary may have 1 MiB.\n';
  const room = bytes - Buffer.byteLength(note);
  if (room <= 0) return '';
  const kept = Buffer.from(text).subarray(0, room).toString('utf8');
  return kept.slice(0, Math.max(0, kept.lastIndexOf('\n'))) + note;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
