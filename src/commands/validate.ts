import type { Problem } from '../scenario/index.js';
import type { CommandDefinition } from './command.js';
import { importsOf, readScenario } from './load-plan.js';

export default {
  register(program, context) {
    program
      .command('validate')
      .description('show all problems of all scenario files at once; starts nothing')
      .argument('<files...>', 'scenario files or folders')
      .option('--json', 'print the problems as one JSON document')
      .action(async (files: string[], flags: { json?: boolean }) => {
        const [{ discoverScenarios, parseScenario, formatProblems, problemJson }, { resolvePlan }] = await Promise.all([
          import('../scenario/index.js'),
          import('../plan/index.js'),
        ]);
        const found = discoverScenarios(files, context.cwd).map((file) => {
          const { scenario, problems } = parseScenario(readScenario(file), file, context.env, importsOf(file));
          if (!scenario || problems.length > 0) return { file, problems };
          // What only shows when the units are resolved; host rules are the command line's of `run`.
          const resolved = resolvePlan(scenario, {
            allowHosts: scenario.allow,
            cwd: context.cwd,
          });
          return { file, problems: resolved.problems };
        });
        const problems = found.flatMap((file) => file.problems);
        if (flags.json) {
          const documents = found.map(({ file, problems: its }) => ({
            file,
            valid: its.length === 0,
            problems: its.map(problemJson),
          }));
          context.out(`${JSON.stringify({ valid: problems.length === 0, files: documents }, null, 2)}\n`);
        } else {
          if (problems.length > 0) context.err(formatProblems(problems, { colour: context.terminal.colour }));
          if (context.env['GITHUB_ACTIONS'] === 'true') context.out(problems.map(annotation).join(''));
          for (const { file, problems: its } of found) {
            context.out(
              its.length === 0 ? `valid    ${file}\n` : `INVALID  ${file}: ${count(its.length, 'problem')}\n`,
            );
          }
        }
        context.setExitCode(problems.length === 0 ? 0 : 2);
      });
  },
} satisfies CommandDefinition;

/** A GitHub workflow command that shows the problem at its line of the pull request. */
function annotation({ code, message, hint, location }: Problem): string {
  const escape = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string | number) => escape(String(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const place = `file=${property(location.file)},line=${location.line ?? 1},col=${location.column ?? 1}`;
  return `::error ${place},title=${property(code)}::${escape(hint ? `${message} ${hint}` : message)}\n`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
