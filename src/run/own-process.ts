import { closeSync, openSync } from 'node:fs';
import { execa } from 'execa';
import type { ProcessIdentity } from '../record/undo.js';
import { commandWords } from '../support/command-line.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import type { Journal } from './journal.js';
import { announcePart } from './own-part.js';

export interface Exit {
  exitCode: number | null;
  signal: string | null;
}

/** A process that the run started, in its own process group, so that Ctrl-C reaches the conductor alone. */
export interface OwnProcess {
  label: string;
  command: string;
  identity: ProcessIdentity;
  /** The undo record that ends the group if the conductor dies. */
  record: string;
  exited: Promise<Exit>;
  /** SIGTERM to the group, SIGKILL after the time limit; resolves when it is gone. */
  end(graceMs: number): Promise<Exit>;
}

let started = 0;

/**
 * Starts a command line without a shell; what it prints goes straight into the log file, not through the conductor, so a
 * busy or dead conductor never blocks it. Its end is written into the journal before this resolves.
 */
export async function startOwnProcess(options: {
  label: string;
  command: string;
  cwd: string;
  env: Record<string, string>;
  logFile: string;
  journal: Journal;
}): Promise<OwnProcess> {
  const [program, ...args] = commandWords(options.command);
  const part = announcePart(options.journal, `run/${++started}`, options.label);
  const log = openSync(options.logFile, 'a');
  const child = execa(program, args, {
    cwd: options.cwd,
    env: { ...options.env, ...part.environment },
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    // The types know only the descriptors 3 to 9; any number works.
    stdout: log as 3,
    stderr: log as 3,
    buffer: false,
  });
  closeSync(log);
  const exited = child.then((result) => ({ exitCode: result.exitCode ?? null, signal: result.signal ?? null }));
  if (child.pid === undefined) {
    part.failed();
    const failure = await child;
    throw new PlimsollError({
      code: 'cannot_start',
      message: `${options.label} cannot be started: ${messageOf(failure.cause ?? failure.message)} (command: ${options.command})`,
      hint: 'Check the command and the folder it runs in; `plimsoll plan` shows both.',
    });
  }
  const pid = child.pid;
  const { record, identity } = part.started(pid);
  return {
    label: options.label,
    command: options.command,
    identity,
    record,
    exited,
    async end(graceMs) {
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      // The leader is gone; whatever it left in its group goes too.
      signalGroup(pid, 'SIGKILL');
      options.journal.undone(record);
      return exit;
    },
  };
}

/** Signals a group that this run created; one that is gone already is fine. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: everybody in it has ended.
  }
}
