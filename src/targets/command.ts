import { MASK, isSecretName, redact } from '../record/redact.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';
import { BoundedOutput, shownOutput } from './bounded-output.js';
import { commandWords } from '../support/command-line.js';
import { formatMs } from '../support/units.js';

/** A command line of the scenario, run without a shell. */
export interface Command {
  command: string;
  /** Added to our own environment. */
  environment: Record<string, string>;
  /** Absolute: the watchdog and `plimsoll recover` work in other folders. */
  directory: string;
}

export interface CommandResult {
  /** Null where it was ended by a signal. */
  exitCode: number | null;
  signal: string | null;
  /** It was killed, with its process group, when its time was over. */
  timedOut: boolean;
  tookMs: number;
  /** What it printed, secrets masked: all of it, or its beginning and its end. */
  output: string;
}

/**
 * Runs a command in a process group of its own until it ends. At its time limit, or when the signal aborts, the whole
 * group is killed. What it leaves running otherwise lives on; that nobody reads its output after our own end may end it.
 *
 * @throws PlimsollError `cannot_start`; or the signal's reason
 */
export async function runBounded(what: Command, timeLimitMs: number, signal?: AbortSignal): Promise<CommandResult> {
  signal?.throwIfAborted();
  const { execa } = await import('execa');
  const [program, ...args] = commandWords(what.command);
  const beganUs = systemClock.nowUs();
  const child = execa(program, args, {
    cwd: what.directory,
    env: what.environment,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, endedBy) => resolve({ exitCode, signal: endedBy }));
  });
  const { pid } = child;
  if (pid === undefined) {
    const { cause, shortMessage } = await child;
    throw new PlimsollError({
      code: 'cannot_start',
      message: `the command cannot be started: ${redact(systemCodeOf(cause) ?? shortMessage ?? 'unknown reason')} (${redact(what.command)}, in ${what.directory})`,
      hint: 'Commands run without a shell. Is the program on the PATH, and the directory there? For a shell write: sh -c "…".',
    });
  }
  child.catch(() => undefined);
  const output = new BoundedOutput([child.stdout, child.stderr]);
  let timedOut = false;
  const kill = (): void => killGroup(pid);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeLimitMs);
  signal?.addEventListener('abort', kill, { once: true });
  const exit = await exited;
  clearTimeout(timer);
  signal?.removeEventListener('abort', kill);
  await output.settle();
  signal?.throwIfAborted();
  return {
    ...exit,
    timedOut,
    tookMs: (systemClock.nowUs() - beganUs) / 1000,
    output: shownOutput(output.text(), { ...process.env, ...what.environment }),
  };
}

/** How a command ended, in words: "ended with exit code 3 after 12 ms; it printed: no such table". */
export function endingOf(result: CommandResult): string {
  const how = result.timedOut
    ? `was killed at its time limit, after ${formatMs(result.tookMs)}`
    : `ended with ${result.signal ?? `exit code ${result.exitCode}`} after ${formatMs(result.tookMs)}`;
  return result.output === '' ? `${how} and printed nothing` : `${how}; it printed: ${result.output}`;
}

/**
 * What an undo command has come to: true where it ended well.
 *
 * @throws PlimsollError `undo_command_failed`, with what to do by hand
 */
export function undoneBy(result: CommandResult, how: string): true {
  if (result.exitCode === 0 && !result.timedOut) return true;
  throw new PlimsollError({
    code: 'undo_command_failed',
    message: `the undo command ${endingOf(result)}`,
    hint: `By hand: ${how}`,
    kind: 'cleanup',
  });
}

/** The command as somebody would type it; the values of secrets are masked. */
export function byHand({ command, environment, directory }: Command): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `${name}=${isSecretName(name) ? MASK : quoted(redact(value))} `,
  );
  return `cd ${quoted(directory)} && ${variables.join('')}${redact(command)}`;
}

/** For a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./‹›-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (systemCodeOf(error) !== 'ESRCH')
      throw new Error(`cannot kill the group: ${messageOf(error)}`, { cause: error });
  }
}
