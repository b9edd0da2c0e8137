import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Duplex, Writable } from 'node:stream';
import type { ProcessIdentity } from '../record/undo.js';
import { identityOf } from '../targets/process.js';
import { PlimsollError } from '../support/errors.js';

/** Compiled code next to this file; when this file itself runs uncompiled (in tests), that of the build. */
const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/run/watchdog-process.js' : './watchdog-process.js',
    import.meta.url,
  ),
);
const START_LIMIT_MS = 10_000;
const END_LIMIT_MS = 3000;

/** `engine`: that of the Docker Engine; `programs`: the one that starts programs. */
export type UndoLibrary = 'engine' | 'programs';

/** The conductor's hold on its watchdog. */
export interface Watchdog {
  identity: ProcessIdentity;
  /** All is undone: the watchdog ends without doing anything. Resolves when it is gone. */
  finish(): Promise<void>;
  /** Hands over: it undoes now what the journal still owes and ends what the run started. The conductor may then exit. */
  takeOver(): void;
  /** Called if it ends although nobody told it to: from then on a killed conductor leaves its faults behind. */
  onDeath(listener: (reason: string) => void): void;
}

/**
 * Starts the watchdog of a run: a process in a session of its own that holds the other end of a pipe. When the pipe
 * closes without `done`, the conductor is dead, and it undoes what the journal owes. Resolves when it stands ready.
 *
 * @throws PlimsollError `watchdog_failed`: then nothing may be injected.
 */
export async function startWatchdog(options: {
  runId: string;
  journalPath: string;
  directory: string;
  /** What its undo may need, and has to have loaded by then. */
  libraries?: readonly UndoLibrary[];
}): Promise<Watchdog> {
  const logFile = join(options.directory, 'watchdog.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [ENTRY, options.runId, options.journalPath, ...(options.libraries ?? [])], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', log, log, 'pipe'],
  });
  closeSync(log);
  const order = child.stdin as Writable;
  const readiness = child.stdio[3] as Duplex;
  // A pipe to a process that died must not bring the conductor down; `onDeath` tells it.
  order.on('error', () => undefined);
  readiness.on('error', () => undefined);

  const listeners: ((reason: string) => void)[] = [];
  let death: string | undefined;
  let ending = false;
  const exited = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      death ??= reason;
      resolve();
      if (!ending) for (const listener of listeners) listener(reason);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (exitCode, signal) => end(signal ? `ended by ${signal}` : `exit code ${exitCode}`));
  });

  await ready();
  readiness.destroy();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (!identity) throw failed(death ?? 'it ended at once');
  child.unref();
  (order as Partial<{ unref(): void }>).unref?.();

  return {
    identity,
    async finish() {
      ending = true;
      if (death === undefined) order.end('done\n');
      child.ref();
      const timer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await exited;
      clearTimeout(timer);
    },
    takeOver() {
      ending = true;
      order.end('take-over\n');
    },
    onDeath(listener) {
      listeners.push(listener);
      if (death !== undefined && !ending) listener(death);
    },
  };

  async function ready(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(failed(`it was not ready within ${START_LIMIT_MS / 1000} s`)), START_LIMIT_MS);
        readiness.once('data', () => resolve());
        void exited.then(() => reject(failed(death ?? 'it ended')));
      });
    } catch (error) {
      ending = true;
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  function failed(reason: string): PlimsollError {
    return new PlimsollError({
      code: 'watchdog_failed',
      message: `the watchdog could not be started: ${reason}`,
      hint: `Without it nothing is injected. Its log is ${logFile}.`,
    });
  }
}
