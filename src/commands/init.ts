import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { PlimsollError } from '../support/errors.js';
import type { CommandDefinition } from './command.js';

export default {
  register(program, context) {
    program
      .command('init')
      .description('write a first scenario for your own service, and a GitHub workflow; starts and changes nothing')
      .argument(
        '[folder]',
        'the project: its Compose file, package.json, .env and what listens from it are looked at',
        '.',
      )
      .option('--url <url>', 'where the service answers; found out where it is not said')
      .option('--name <name>', 'the name of the scenario', 'first')
      .option('--no-workflow', 'only the scenario')
      .option('--force', 'replace files that are there')
      .action(async (folder: string, flags: { url?: string; name: string; workflow: boolean; force?: boolean }) => {
        const [{ detectProject, slug }, { firstScenario }, { githubWorkflow }, { parseScenario }, { resolvePlan }] =
          await Promise.all([
            import('../init/detect.js'),
            import('../init/first-scenario.js'),
            import('../init/workflow.js'),
            import('../scenario/index.js'),
            import('../plan/index.js'),
          ]);
        const root = resolve(context.cwd, folder);
        if (!existsSync(root)) {
          throw new PlimsollError({ kind: 'usage', code: 'no_such_folder', message: `there is no folder ${folder}` });
        }
        const name = slug(flags.name);
        if (name === '')
          throw usage('bad_name', `--name ${flags.name} has no letter`, 'Write a name like payment-slow.');
        const facts = detectProject(root);
        const url = flags.url ?? `http://127.0.0.1:${facts.port ?? 3000}`;
        if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
          throw usage('bad_url', `--url ${url} is no address of a web service`, 'Write it like http://127.0.0.1:3000.');
        }
        const scenarioFile = join(root, 'chaos', `${name}.yaml`);
        const workflowFile = join(root, '.github', 'workflows', 'plimsoll.yml');
        const text = firstScenario(facts, { url, name });
        const parsed = parseScenario(text, scenarioFile, context.env);
        const problems = parsed.scenario
          ? [
              ...parsed.problems,
              ...resolvePlan(parsed.scenario, { allowHosts: parsed.scenario.allow, cwd: root }).problems,
            ]
          : parsed.problems;
        const files = [
          { path: scenarioFile, text },
          ...(flags.workflow ? [{ path: workflowFile, text: githubWorkflow('chaos/') }] : []),
        ];
        const there = files.filter(({ path }) => existsSync(path));
        if (there.length > 0 && flags.force !== true) {
          const names = there.map(({ path }) => relative(context.cwd, path)).join(', ');
          throw usage('file_exists', `${names} is there already`, 'Choose another --name, --no-workflow, or --force.');
        }
        for (const finding of facts.findings) context.out(`found    ${finding}\n`);
        if (facts.port === undefined && flags.url === undefined) {
          context.out(`guessed  ${url}: nothing says where the service listens; --url says it\n`);
        }
        for (const file of files) {
          await mkdir(dirname(file.path), { recursive: true });
          await writeFile(file.path, file.text);
          context.out(`wrote    ${relative(context.cwd, file.path)}\n`);
        }
        for (const { message } of problems) context.out(`problem  ${message}\n`);
        context.out(
          problems.length > 0
            ? `Mend what is listed, then: npx plimsoll validate ${relative(context.cwd, scenarioFile)}\n`
            : `Next: change what is marked with CHANGE, then: npx plimsoll plan ${relative(context.cwd, scenarioFile)}\n`,
        );
      });
  },
} satisfies CommandDefinition;

function usage(code: string, message: string, hint: string): PlimsollError {
  return new PlimsollError({ kind: 'usage', code, message, hint });
}
