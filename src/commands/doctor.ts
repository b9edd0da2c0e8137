import type { CommandDefinition } from './command.js';

export default {
  register(program, context) {
    program
      .command('doctor')
      .description('which faults this machine can do, why not the others, and the command that mends it')
      .option('--json', 'print the findings as one JSON document')
      .action(async (flags: { json?: boolean }) => {
        const { checkMachine } = await import('../run/doctor.js');
        const findings = await checkMachine();
        if (flags.json) {
          context.out(`${JSON.stringify(findings, null, 2)}\n`);
          return;
        }
        const width = Math.max(...findings.map(({ fault }) => fault.length));
        for (const { fault, possible, why, mend } of findings) {
          context.out(`${possible ? 'yes' : 'no '}  ${fault.padEnd(width)}${why ? `  ${why}` : ''}\n`);
          if (!possible && mend) context.out(`     ${' '.repeat(width)}  mend: ${mend}\n`);
        }
      });
  },
} satisfies CommandDefinition;
