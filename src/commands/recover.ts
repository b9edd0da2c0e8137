import type { CommandDefinition } from './command.js';

interface RecoverFlags {
  list?: boolean;
  dryRun?: boolean;
  run?: string;
  toxiproxy?: string;
}

export default {
  register(program, context) {
    program
      .command('recover')
      .description('undo whatever an earlier run left behind')
      .option('--list', 'show the runs that are active or abandoned, and do nothing')
      .option('--dry-run', 'show what would be undone')
      .option('--run <id>', 'only this run')
      .option('--toxiproxy <url>', "with --run: remove the run's toxics from this server even if its files are lost")
      .action(async (flags: RecoverFlags) => {
        const { recover } = await import('../run/recover.js');
        const { failed } = await recover({
          ...(flags.list ? { list: true } : {}),
          ...(flags.dryRun ? { dryRun: true } : {}),
          ...(flags.run === undefined ? {} : { runId: flags.run }),
          ...(flags.toxiproxy === undefined ? {} : { toxiproxy: flags.toxiproxy }),
          log: (line) => context.out(`${line}\n`),
        });
        context.setExitCode(failed.length > 0 ? 4 : 0);
      });
  },
} satisfies CommandDefinition;
