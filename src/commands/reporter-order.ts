import type { RunDirectory } from '../record/run-directory.js';
import type { Reporter } from '../reporters/reporter.js';
import { PlimsollError } from '../support/errors.js';
import type { CommandContext } from './command.js';

export interface ReporterOrder {
  name: string;
  path: string | undefined;
}

/** What every run writes into its directory; `--reporter` adds to it, or sends one of them elsewhere. */
const ALWAYS = ['html', 'junit'];
const NAMES = ['terminal', 'html', 'json', 'junit'];

/** `--reporter name[=path]`, checked before anything is started. `--json` puts one document on stdout and nothing else. */
export function parseReporters(flags: readonly string[], json: boolean): ReporterOrder[] {
  const orders: ReporterOrder[] = [];
  for (const flag of flags) {
    const [name = '', ...rest] = flag.split('=');
    const path = rest.length > 0 ? rest.join('=') : undefined;
    if (!NAMES.includes(name)) {
      throw new PlimsollError({
        kind: 'usage',
        code: 'unknown_reporter',
        message: `there is no reporter "${name}"`,
        hint: `Write one of: ${NAMES.join(', ')}; a file may follow: junit=out/junit.xml.`,
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
  const defaults = [...(silent ? [] : ['terminal']), ...ALWAYS];
  // The terminal comes last: its last line is the path of the report, which must be there by then.
  const added = defaults
    .filter((name) => !orders.some((order) => order.name === name))
    .map((name) => ({ name, path: undefined }));
  return [...added, ...orders].sort((a, b) => Number(a.name === 'terminal') - Number(b.name === 'terminal'));
}

/** The ordered reporters as one. */
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
  const members = orders.flatMap(({ name, path }) => {
    const definition = reporterByName(name);
    if (!definition) return [];
    const reporter = definition.create({
      directory: directory.path,
      path,
      out: context.out,
      err: context.err,
      terminal: {
        ...context.terminal,
        verbosity: verbosity.quiet ? 'quiet' : verbosity.verbose ? 'verbose' : 'normal',
      },
    });
    return [{ name, reporter }];
  });
  return multiplex(members, (text) => context.err(`${text}\n`));
}
