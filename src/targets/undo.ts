import type { ProcessIdentity, UndoRecord } from '../record/undo.js';
import { commandWords } from '../support/command-line.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { endingOf, runBounded } from './command.js';
import { fdLimitOf, restoreFdLimit, stillLimited } from './fd-limit.js';
import { groupIsAlive, isAlive, leadersWith, signalGroup, signalProcess, stateOf } from './process.js';
import { connectContainer, short, startContainer, stateOfContainer, unpauseContainer } from './container.js';
import type { UndoOutcome } from './targets.js';
import { firstUnreachable } from './reachable.js';
import { ToxiproxyFailure } from './toxiproxy-client.js';
import { enableProxy, hasToxic, removeProxy, removeToxic } from './toxiproxy.js';

export interface UndoOptions {
  /**
   * The conductor is dead, and with it the supervisor that would have restarted services, and whoever would have liked to
   * know that they are back. Only a restart command of the scenario is still ours to run.
   */
  orphaned?: boolean;
  /** How long a process group may take to end by itself. Default 1000. */
  graceMs?: number;
}

/** A server that does not answer is asked again for so long: it may be restarting. */
const SERVER_PATIENCE_MS = 1500;

/**
 * Carries out one undo record, the same way in the conductor, in the watchdog and in `plimsoll recover`. Idempotent: what
 * is done already is done. A target that is no longer the one of the record is left alone.
 *
 * @throws PlimsollError or the signal's reason if it could not be done; it may be tried again.
 */
export async function undo(record: UndoRecord, signal?: AbortSignal, options: UndoOptions = {}): Promise<UndoOutcome> {
  const alreadyDone = !(await act(record, signal, options));
  // Alive, the conductor proves its undo itself, with more than a look.
  const finding = options.orphaned ? await look(record, signal).catch(() => undefined) : undefined;
  return { record: record.id, alreadyDone, ...(finding === undefined ? {} : { finding }) };
}

/** Is what the record takes back really gone? In words; undefined where that can't be seen. */
async function look(record: UndoRecord, signal: AbortSignal | undefined): Promise<string | undefined> {
  switch (record.kind) {
    case 'remove-toxic':
      return (await hasToxic(record, signal)) ? undefined : `${record.toxic} is not on proxy ${record.proxy} any more`;
    case 'enable-proxy':
      return (await enableProxy(record, signal)) === 'was_enabled' ? `proxy ${record.proxy} is enabled` : undefined;
    case 'continue-process': {
      const state = stateOf(record.process);
      return state === 'T' ? undefined : `process ${record.process.pid} is ${state === undefined ? 'gone' : 'running'}`;
    }
    case 'restore-fd-limit': {
      const limit = fdLimitOf(record.process);
      if (stillLimited(record).length > 0) return undefined;
      return `process ${record.process.pid} ${limit ? `may have ${limit.soft} files open` : 'is gone'}`;
    }
    case 'ensure-service':
      return record.addresses.length > 0 && (await firstUnreachable(record.addresses, 500)) === undefined
        ? `${record.service} accepts connections on ${record.addresses.join(', ')}`
        : undefined;
    case 'end-helper':
      return isAlive(record.process) ? undefined : `helper process ${record.process.pid} is gone`;
    case 'unpause-container': {
      const state = await stateOfContainer(record.container);
      return state?.paused === true
        ? undefined
        : `container ${short(record.container)} is ${state?.running ? 'running' : 'gone'}`;
    }
    case 'start-container': {
      const state = await stateOfContainer(record.container);
      return state?.running === true ? `container ${state.name} runs` : undefined;
    }
    case 'connect-container': {
      const state = await stateOfContainer(record.container);
      const now = state?.networks.find(({ id }) => id === record.network.id);
      return state && now && record.network.aliases.every((alias) => now.aliases.includes(alias))
        ? `container ${state.name} is attached to its network, with its aliases`
        : undefined;
    }
    case 'remove-proxy':
    case 'end-group':
    case 'end-marked':
    case 'run-command':
      return undefined;
  }
}

/** True if there was something to do. */
async function act(record: UndoRecord, signal: AbortSignal | undefined, options: UndoOptions): Promise<boolean> {
  switch (record.kind) {
    case 'remove-toxic':
      return withServer(async () => (await removeToxic(record, signal)) === 'removed', signal);
    case 'enable-proxy':
      return withServer(async () => (await enableProxy(record, signal)) === 'enabled', signal);
    case 'remove-proxy':
      return withServer(async () => (await removeProxy(record, signal)) === 'removed', signal);
    case 'continue-process':
      return signalProcess(record.process, 'SIGCONT') === 'sent';
    case 'restore-fd-limit':
      return restoreFdLimit(record, signal);
    case 'ensure-service':
      return ensureService(record, signal, options);
    case 'run-command':
      return undoByCommand(record, signal, options);
    case 'end-helper':
      return endHelper(record, signal);
    case 'unpause-container':
      return withEngine(async () => (await unpauseContainer(record.container)) === 'done', signal);
    case 'start-container':
      return startAgain(record, signal, options);
    case 'connect-container':
      return attachAgain(record, signal);
    case 'end-group':
      return endGroup(record.process, signal, options.graceMs ?? 1000);
    case 'end-marked': {
      const found = leadersWith(record.marker);
      for (const leader of found) await endGroup(leader, signal, options.graceMs ?? 1000);
      return found.length > 0;
    }
  }
}

/**
 * Toxiproxy keeps its state in memory: a server that is gone took its toxics along. So a refused connection, repeated
 * for a while, means that there is nothing left to undo; any other trouble is a failure.
 */
async function withServer(call: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  const untilUs = systemClock.nowUs() + SERVER_PATIENCE_MS * 1000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ToxiproxyFailure) || error.status !== 0) throw error;
      if (systemClock.nowUs() >= untilUs) {
        if (error.systemCode === 'ECONNREFUSED') return false;
        throw error;
      }
    }
    await systemClock.sleep(100, signal);
  }
}

/**
 * An engine that does not answer is asked again until the time is over. Unlike a proxy server it keeps its state on disk:
 * that it is gone says nothing about the container.
 */
async function withEngine(call: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'engine_unavailable' || signal?.aborted) throw error;
    }
    await systemClock.sleep(200, signal);
  }
}

async function startAgain(
  record: Extract<UndoRecord, { kind: 'start-container' }>,
  signal: AbortSignal | undefined,
  options: UndoOptions,
): Promise<boolean> {
  // An order to stop goes on in the engine: a container that runs now may still be on its way out.
  const settledUs = systemClock.nowUs() + (options.orphaned ? (record.settlesMs ?? 0) : 0) * 1000;
  const untilUs = systemClock.nowUs() + (record.comesBackMs ?? 0) * 1000;
  while (systemClock.nowUs() < untilUs) {
    const state = await stateOfContainer(record.container).catch(() => undefined);
    if (state?.running) return false;
    await systemClock.sleep(100, signal);
  }
  let started = await startOnce(record, signal);
  while (systemClock.nowUs() < settledUs) {
    await systemClock.sleep(100, signal);
    if (await startOnce(record, signal)) started = true;
  }
  return started;
}

async function startOnce(
  record: Extract<UndoRecord, { kind: 'start-container' }>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return withEngine(async () => {
    const outcome = await startContainer(record.container);
    if (outcome !== 'gone') return outcome === 'done';
    throw new PlimsollError({
      code: 'container_gone',
      message: `container ${short(record.container)} is not there any more, so it cannot be started`,
      hint: 'Somebody removed it; make it again the way it was made (docker-compose up -d).',
      kind: 'cleanup',
    });
  }, signal);
}

async function attachAgain(
  record: Extract<UndoRecord, { kind: 'connect-container' }>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return withEngine(async () => {
    const outcome = await connectContainer(record.container, record.network);
    if (outcome !== 'gone') return outcome === 'done';
    // Which of the two is gone? Without the container nothing is owed; without the network it stays cut off.
    if ((await stateOfContainer(record.container)) === undefined) return false;
    throw new PlimsollError({
      code: 'network_gone',
      message: `network ${short(record.network.id)} is not there any more, so container ${short(record.container)} cannot be attached to it`,
      hint: 'Somebody removed it; make both again the way they were made (docker-compose up -d).',
      kind: 'cleanup',
    });
  }, signal);
}

async function ensureService(
  record: Extract<UndoRecord, { kind: 'ensure-service' }>,
  signal: AbortSignal | undefined,
  options: UndoOptions,
): Promise<boolean> {
  if (record.by !== 'command' && options.orphaned) return false;
  if (record.addresses.length > 0 && (await firstUnreachable(record.addresses, 500)) === undefined) return false;
  if (record.by === 'command' && record.command) await runCommand(record.command, record.service, signal);
  let missing = await firstUnreachable(record.addresses, 500);
  while (missing !== undefined) {
    if (signal?.aborted) throw notBack(record.service, missing);
    await systemClock.sleep(50);
    missing = await firstUnreachable(record.addresses, 500);
  }
  return true;
}

/** Runs a restart command. It may leave a daemon behind, so only its own end is waited for, not that of its output. */
export async function runCommand(command: string, service: string, signal?: AbortSignal): Promise<void> {
  const [program, ...args] = commandWords(command);
  const { execa } = await import('execa');
  const result = await execa(program, args, {
    stdio: 'ignore',
    reject: false,
    detached: true,
    cleanup: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  if (result.exitCode === 0) return;
  throw new PlimsollError({
    code: 'restart_failed',
    message: `the restart command of ${service} ended with ${result.signal ?? result.exitCode ?? result.shortMessage}: ${command}`,
    hint: 'Run it by hand to see what it says.',
    kind: 'cleanup',
  });
}

/** Always runs the command: only the command itself can know whether there is something to do. */
async function undoByCommand(
  record: Extract<UndoRecord, { kind: 'run-command' }>,
  signal: AbortSignal | undefined,
  options: UndoOptions,
): Promise<boolean> {
  // The conductor would have waited for it, or killed it. Still at work, it could do its harm after our undo.
  for (const injecting of options.orphaned ? leadersWith(record.injectMarker) : []) {
    signalGroup(injecting, 'SIGKILL');
    while (groupIsAlive(injecting)) await systemClock.sleep(10, signal);
  }
  const result = await runBounded(record, record.timeLimitMs, signal);
  if (result.exitCode === 0 && !result.timedOut) return true;
  throw new PlimsollError({
    code: 'undo_command_failed',
    message: `the undo command ${endingOf(result)}`,
    hint: `By hand: ${record.byHand}`,
    kind: 'cleanup',
  });
}

async function endHelper(
  record: Extract<UndoRecord, { kind: 'end-helper' }>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (signalProcess(record.process, 'SIGKILL') === 'gone') return false;
  while (isAlive(record.process)) await systemClock.sleep(5, signal);
  return true;
}

async function endGroup(leader: ProcessIdentity, signal: AbortSignal | undefined, graceMs: number): Promise<boolean> {
  if (signalGroup(leader, 'SIGTERM') === 'gone') return false;
  const killAtUs = systemClock.nowUs() + graceMs * 1000;
  let killed = false;
  while (groupIsAlive(leader)) {
    if (!killed && systemClock.nowUs() >= killAtUs) {
      signalGroup(leader, 'SIGKILL');
      killed = true;
    }
    await systemClock.sleep(20, signal);
  }
  return true;
}

function notBack(service: string, missing: string): PlimsollError {
  return new PlimsollError({
    code: 'not_back',
    message: `${service} is not back: nobody accepts a connection on ${missing}`,
    hint: 'Start it by hand, or give the fault a `restart:` command.',
    kind: 'cleanup',
  });
}
