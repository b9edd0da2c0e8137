#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { commands } from './commands/registry.js';
import type { CommandContext, StopSignal } from './commands/command.js';
import { formatError } from './commands/format-error.js';
import { exitCodeOf, worstExitCode } from './support/exit-code.js';
import { surviveFileSizeLimit } from './support/file-size-signal.js';
import { ownVersion } from './support/version.js';

// argv → command. The only file that sets the exit code, traps signals or looks at the terminal.

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const exitCodes: number[] = [];

const context: CommandContext = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  setExitCode(code) {
    exitCodes.push(code);
    process.exitCode = worstExitCode(exitCodes);
  },
  cwd: process.cwd(),
  env: process.env,
  terminal: {
    isTerminal: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    colour: wantsColour(process.stderr),
  },
  colourOut: wantsColour(process.stdout),
  commandLine: ['plimsoll', ...process.argv.slice(2)].map(quoted).join(' '),
  onSignal(listener) {
    const handlers = STOP_SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    return () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
  },
  exitNow: (code) => process.exit(code),
};

surviveFileSizeLimit();
// A reader that went away (`plimsoll report … | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

await main(process.argv.slice(2));

async function main(argv: string[]): Promise<void> {
  const program = new Command('plimsoll')
    .description('Chaos-engineering test harness: load, faults and a statistical verdict in one run, from one file.')
    .option('--debug', 'show the stack of known errors too')
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .helpCommand(true);
  program.version(ownVersion(), '-V, --version', 'print the version');
  for (const command of commands) command.register(program, context);
  try {
    await program.parseAsync(rewriteGoFlags(argv), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      context.setExitCode(error.exitCode === 0 ? 0 : 2);
      return;
    }
    context.err(formatError(error, { debug: argv.includes('--debug'), colour: context.terminal.colour }));
    context.setExitCode(exitCodeOf(error));
  }
}

/** `plimsoll proxy` takes Toxiproxy's own flags (`-host`, `-port=1`), which are Go's: one dash. */
function rewriteGoFlags(argv: string[]): string[] {
  if (argv[0] !== 'proxy') return argv;
  return argv.map((argument) => (/^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument));
}

function wantsColour(stream: NodeJS.WriteStream): boolean {
  if (process.env['NO_COLOR']) return false;
  if (process.env['FORCE_COLOR'] && process.env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}

function quoted(argument: string): string {
  return /^[\w./:=@,+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
