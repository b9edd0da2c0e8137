import type { CommandDefinition } from './command.js';
import { readScenario } from './load-plan.js';

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
          const { scenario, problems } = parseScenario(readScenario(file), file, context.env);
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

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
