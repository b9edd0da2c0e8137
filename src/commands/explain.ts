import type { CommandDefinition } from './command.js';

export default {
  register(program, context) {
    program
      .command('explain')
      .description('walk through the computation of one verdict with its numbers, so that it can be checked by hand')
      .argument('<run>', 'a run directory or `latest`')
      .argument('<slo>', 'the name of an SLO of the run')
      .option('--out <folder>', 'where run directories are', 'reports')
      .option('--json', 'print the steps as one JSON document')
      .action(async (run: string, slo: string, flags: { out: string; json?: boolean }) => {
        const [{ openRunDirectory }, { explainRun }, { explanationText }] = await Promise.all([
          import('../record/run-directory.js'),
          import('../result/explain-run.js'),
          import('../verdict/explain/text.js'),
        ]);
        const explanation = explainRun(openRunDirectory(run, flags.out), slo);
        context.out(flags.json ? `${JSON.stringify(explanation, null, 2)}\n` : explanationText(explanation));
      });
  },
} satisfies CommandDefinition;
