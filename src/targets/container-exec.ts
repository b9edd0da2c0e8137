import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { systemClock } from '../support/clock.js';
import { PlimsollError, systemCodeOf } from '../support/errors.js';
import { commandWords } from '../support/command-line.js';
import { MASK, isSecretName, redact } from '../record/redact.js';
import { BoundedOutput, shownOutput } from './bounded-output.js';
import { quoted, type CommandResult } from './command.js';
import { call, callWithoutEnd, short, statusOf } from './engine.js';

/** A command line that runs inside a container, without a shell. */
export interface ContainerCommand {
  command: string;
  /** Added to the container's own environment. */
  environment: Record<string, string>;
  /** In the container; its own working directory unless said otherwise. */
  directory?: string | undefined;
  /** The container's own user unless said otherwise. */
  user?: string | undefined;
}

/** Between two questions whether it has ended. */
const LOOK_EACH_MS = 50;
/** A killed process must be gone by then. */
const KILL_LIMIT_MS = 3000;

/**
 * Tells the engine of a command that is to run in a container, without running it: harmless, and forgotten by the engine
 * if nobody starts it.
 *
 * @returns the engine's id for it; undefined when the container is gone.
 * @throws PlimsollError `engine_refused` for a container that does not run or is paused
 */
export async function createExec(container: string, what: ContainerCommand): Promise<string | undefined> {
  try {
    const exec = await call(`make a command in container ${short(container)}`, async (client) =>
      client.getContainer(container).exec({
        Cmd: commandWords(what.command),
        Env: Object.entries(what.environment).map(([name, value]) => `${name}=${value}`),
        AttachStdout: true,
        AttachStderr: true,
        ...(what.directory === undefined ? {} : { WorkingDir: what.directory }),
        ...(what.user === undefined ? {} : { User: what.user }),
      }),
    );
    return exec.id;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/**
 * Starts what `createExec` made, and waits until it ends. At its time limit, or when the signal aborts, it is killed. What
 * it leaves running otherwise lives on in the container.
 *
 * @throws PlimsollError `cannot_start`, `cannot_kill`; or the signal's reason
 */
export async function runExec(
  container: string,
  id: string,
  environment: Record<string, string>,
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<CommandResult> {
  signal?.throwIfAborted();
  const beganUs = systemClock.nowUs();
  const tookMs = () => (systemClock.nowUs() - beganUs) / 1000;
  const streams = [new PassThrough(), new PassThrough()] as const;
  const output = new BoundedOutput(streams);
  await callWithoutEnd('run a command in a container', async (client) => {
    const stream = await client.getExec(id).start({ hijack: false, stdin: false });
    client.modem.demuxStream(stream, ...streams);
    stream.on('error', () => undefined);
    stream.once('close', () => {
      for (const one of streams) one.end();
    });
    (stream as Partial<{ socket: { unref(): void } }>).socket?.unref();
  });
  let timedOut = false;
  let state = await stateOfExec(id);
  while (state.running) {
    timedOut = tookMs() >= timeLimitMs;
    if (timedOut || signal?.aborted) {
      await killExec(container, id);
      state = await stateOfExec(id);
      break;
    }
    await systemClock.sleep(LOOK_EACH_MS);
    state = await stateOfExec(id);
  }
  await output.settle();
  signal?.throwIfAborted();
  const shown = shownOutput(output.text(), { ...process.env, ...environment });
  const { exitCode } = state;
  // 126 and 127 with the runtime's own words: the program is not there, or is none.
  if (!timedOut && (exitCode === 126 || exitCode === 127) && /OCI runtime|exec failed|executable file/.test(shown)) {
    throw cannotStart(container, shown);
  }
  // As shells and engines count: 128 and the number of the signal.
  const killed = exitCode === 137;
  return {
    exitCode: killed ? null : exitCode,
    signal: killed ? 'SIGKILL' : null,
    timedOut,
    tookMs: tookMs(),
    output: shown,
  };
}

/** Does this command run? One that the engine has forgotten does not. */
async function stateOfExec(id: string): Promise<{ running: boolean; pid: number; exitCode: number | null }> {
  try {
    const info = await call('look at a command in a container', async (client) => client.getExec(id).inspect());
    return { running: info.Running, pid: info.Pid, exitCode: info.ExitCode };
  } catch (error) {
    if (statusOf(error) === 404) return { running: false, pid: 0, exitCode: null };
    throw error;
  }
}

/**
 * Kills a command with its process group, and waits until it is gone: from here where the engine runs on this machine and
 * lets us, else with the container's own `kill`.
 *
 * @throws PlimsollError `cannot_kill`
 */
export async function killExec(container: string, id: string): Promise<void> {
  const { running, pid } = await stateOfExec(id);
  if (!running) return;
  const inside = pidInside(pid, container);
  if (inside !== undefined && !killFromHere(pid)) await killFromInside(container, inside);
  const untilUs = systemClock.nowUs() + KILL_LIMIT_MS * 1000;
  while ((await stateOfExec(id)).running) {
    if (systemClock.nowUs() >= untilUs) throw cannotKill(container);
    await systemClock.sleep(LOOK_EACH_MS);
  }
}

/** The command as somebody would type it; the values of secrets are masked. */
export function execByHand(container: string, { command, environment, directory, user }: ContainerCommand): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `-e ${name}=${isSecretName(name) ? MASK : quoted(redact(value))} `,
  );
  const where = `${directory === undefined ? '' : `-w ${quoted(directory)} `}${user === undefined ? '' : `-u ${quoted(user)} `}`;
  return `docker exec ${where}${variables.join('')}${container} ${redact(command)}`;
}

/** Its pid as the container counts; undefined where it is not a process of that container on this machine. */
function pidInside(pid: number, container: string): number | undefined {
  try {
    if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(container)) return undefined;
    const numbers = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/);
    const last = Number(numbers?.at(-1));
    return Number.isSafeInteger(last) && last > 0 ? last : undefined;
  } catch {
    return undefined;
  }
}

/** It leads a group of its own: the runtime starts it so. False where we may not. */
function killFromHere(pid: number): boolean {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch (error) {
      if (systemCodeOf(error) === 'EPERM') return false;
      if (systemCodeOf(error) !== 'ESRCH') throw error;
    }
  }
  return true;
}

async function killFromInside(container: string, pid: number): Promise<void> {
  for (const target of [`-${pid}`, `${pid}`]) {
    const environment = {};
    const id = await createExec(container, { command: `kill -KILL -- ${target}`, environment });
    if (id !== undefined) await runExec(container, id, environment, KILL_LIMIT_MS).catch(() => undefined);
  }
}

function cannotStart(container: string, output: string): PlimsollError {
  return new PlimsollError({
    code: 'cannot_start',
    message: `the command cannot be started in container ${short(container)}: ${output}`,
    hint: 'Commands run without a shell. Is the program in the container, and the directory there? For a shell write: sh -c "…".',
  });
}

function cannotKill(container: string): PlimsollError {
  return new PlimsollError({
    code: 'cannot_kill',
    message: `a command in container ${short(container)} is over its time and cannot be killed: Docker has no order for that, its process cannot be reached from here, and the container has no \`kill\``,
    hint: `Give the command a limit of its own (\`timeout 5 …\`). By hand: docker restart ${short(container)}`,
  });
}
