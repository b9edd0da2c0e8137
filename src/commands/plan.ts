import type { CommandDefinition } from './command.js';
import { loadPlans, type PlanOptions } from './load-plan.js';

export default {
  register(program, context) {
    program
      .command('plan')
      .description(
        'say what a run would do and undo, how far it can reach, and whether this much load can decide; injects nothing',
      )
      .argument('<files...>', 'scenario files or folders')
      .option('--json', 'print the plans as one JSON document')
      .option('--seed <number>', "another seed than the scenario's")
      .option('--allow-host <host>', 'a host outside loopback that load and faults may reach (repeatable)', collect, [])
      .action(async (files: string[], flags: PlanOptions & { json?: boolean }) => {
        const plans = await loadPlans(files, flags, context);
        const { redact } = await import('../record/redact.js');
        const { describePlan, planJson } = await import('../plan/index.js');
        const { resolveTargets } = await import('../run/resolve-targets.js');
        const documents = [];
        for (const plan of plans) {
          const prepared = await resolveTargets(plan);
          if (flags.json) documents.push({ ...planJson(plan), faults: prepared });
          else context.out(`${redact(describePlan(plan, prepared))}\n`);
        }
        if (flags.json) context.out(`${redact(JSON.stringify(documents, null, 2))}\n`);
      });
  },
} satisfies CommandDefinition;

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
