import { join, resolve } from 'node:path';
import type { RunDirectory } from '../record/run-directory.js';
import { REPORTER_NAMES } from '../reporters/names.js';
import type { Reporter } from '../reporters/reporter.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import type { CommandContext } from './command.js';

export interface ReporterOrder {
  name: string;
  path: string | undefined;
}

/** What every run writes into its directory; `--reporter` adds to it, or sends one of them elsewhere. */
const ALWAYS = ['html', 'junit'];

/**
 * `--reporter name[=path]`, checked before anything is started. `--json` puts one document on stdout and nothing else. In
 * GitHub Actions its reporter is there without being asked for.
 */
export function parseReporters(flags: readonly string[], json: boolean, env: CommandContext['env']): ReporterOrder[] {
  const orders: ReporterOrder[] = [];
  for (const flag of flags) {
    const [name = '', ...rest] = flag.split('=');
    const path = rest.length > 0 ? rest.join('=') : undefined;
    if (!REPORTER_NAMES.some((known) => known === name)) {
      throw new PlimsollError({
        kind: 'usage',
        code: 'unknown_reporter',
        message: `there is no reporter "${name}"`,
        hint: `Write one of: ${REPORTER_NAMES.join(', ')}; a file may follow: junit=out/junit.xml.`,
      });
    }
    if (path === '')
      throw new PlimsollError({
        kind: 'usage',
        code: 'bad_reporter',
        message: `--reporter ${flag} names no file after "="`,
      });
    orders.push({ name, path });
  }
  if (json) orders.push({ name: 'json', path: undefined });
  const silent = orders.some(({ name, path }) => name === 'json' && path === undefined);
  const defaults = [
    ...(silent ? [] : ['terminal']),
    ...ALWAYS,
    ...(env['GITHUB_ACTIONS'] === 'true' ? ['github'] : []),
  ];
  // The terminal comes last: its last line is the path of the report, which must be there by then.
  const added = defaults
    .filter((name) => !orders.some((order) => order.name === name))
    .map((name) => ({ name, path: undefined }));
  return [...added, ...orders].sort((a, b) => Number(a.name === 'terminal') - Number(b.name === 'terminal'));
}

/**
 * The ordered reporters as one. Files in places of the user's choice are told on stderr. A reporter that can't be opened
 * is told, and the others do their work.
 */
export async function openReporters(
  orders: readonly ReporterOrder[],
  directory: RunDirectory,
  verbosity: { quiet: boolean; verbose: boolean },
  context: CommandContext,
): Promise<Required<Reporter>> {
  const [{ reporterByName }, { multiplex }] = await Promise.all([
    import('../reporters/registry.js'),
    import('../reporters/multiplex.js'),
  ]);
  const html = orders.find(({ name, path }) => name === 'html' && path !== undefined)?.path;
  const members = orders.flatMap(({ name, path }) => {
    try {
      const reporter = reporterByName(name)?.create({
        directory: directory.path,
        path,
        env: context.env,
        out: context.out,
        err: context.err,
        wrote: (file) => {
          if (path !== undefined) context.err(`${name}: wrote ${file}\n`);
        },
        report: html === undefined ? join(directory.path, 'report.html') : resolve(html),
        terminal: {
          ...context.terminal,
          verbosity: verbosity.quiet ? 'quiet' : verbosity.verbose ? 'verbose' : 'normal',
        },
      });
      return reporter === undefined ? [] : [{ name, reporter }];
    } catch (error) {
      context.err(`warning[reporter_failed] reporter ${name} could not begin: ${messageOf(error)}; the run goes on\n`);
      return [];
    }
  });
  return multiplex(members, (text) => context.err(`${text}\n`));
}
