import type { ProcessIdentity, UndoRecord } from '../record/undo.js';
import { redact } from '../record/redact.js';
import { commandWords } from '../support/command-line.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { endingOf, runBounded, undoneBy, type CommandResult } from './command.js';
import { fdLimitOf, restoreFdLimit, stillLimited } from './fd-limit.js';
import { groupIsAlive, isAlive, leadersWith, signalGroup, signalProcess, stateOf } from './process.js';
import { stateOfContainer, unpauseContainer } from './container.js';
import { limitWords, restoreLimits, stillTighter } from './container-limits.js';
import { short } from './engine.js';
import { lookInContainer, undoInContainer } from './undo-in-container.js';
import type { UndoOutcome } from './targets.js';
import { firstUnreachable } from './reachable.js';
import { ToxiproxyFailure } from './toxiproxy-client.js';
import { attachAgain, startAgain, withEngine } from './undo-containers.js';
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
  const finding = options.orphaned
    ? await look(record, signal).catch((error: unknown) => {
        if (error instanceof StillThere) throw error;
        return undefined;
      })
    : undefined;
  return { record: record.id, alreadyDone, ...(finding === undefined ? {} : { finding }) };
}

/** The undo was carried out without complaint, and yet the effect was seen afterwards. */
class StillThere extends PlimsollError {}

/**
 * Is what the record takes back really gone? In words; undefined where that can't be seen.
 *
 * @throws StillThere where it can be seen that it is not
 */
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
    case 'restore-container-limits': {
      const left = await stillTighter(record);
      return left
        ? undefined
        : `container ${short(record.container)} may use ${limitWords(record.limits)} again, or is gone`;
    }
    case 'remove-proxy':
    case 'end-group':
    case 'end-marked':
      return undefined;
    case 'run-in-container':
      return said(record, await lookInContainer(record, signal));
    case 'run-command':
      return said(
        record,
        record.look && (await runBounded({ ...record, command: record.look.command }, record.look.timeLimitMs, signal)),
      );
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
      return withEngine(record.container, async () => (await unpauseContainer(record.container)) === 'done', signal);
    case 'start-container':
      return startAgain(record, signal, options);
    case 'connect-container':
      return attachAgain(record, signal);
    case 'restore-container-limits':
      return withEngine(record.container, async () => restoreLimits(record), signal);
    case 'run-in-container':
      return undoInContainer(record, signal, options.orphaned === true);
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
  return undoneBy(result, record.byHand);
}

/** What a command that looks has said. One that was killed, or could not be started, has said nothing. */
function said(
  { look: asked, byHand }: Pick<Extract<UndoRecord, { kind: 'run-command' }>, 'look' | 'byHand'>,
  result: CommandResult | undefined,
): string | undefined {
  if (!asked || !result || result.exitCode === null || result.timedOut) return undefined;
  const words = `\`${redact(asked.command)}\` ${endingOf(result)}`;
  if ((result.exitCode === 0) === (asked.goneWhen === 'succeeds')) return words;
  throw new StillThere({
    code: 'still_there',
    message: `the undo command was carried out, but what it should take back is still there: ${words}`,
    hint: `Look at it yourself; the undo by hand: ${byHand}`,
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
