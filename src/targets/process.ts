import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { redact } from '../record/redact.js';
import type { ProcessIdentity } from '../record/undo.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, systemCodeOf } from '../support/errors.js';

/** What `/proc/<pid>/stat` says. */
export interface ProcessStat {
  pid: number;
  command: string;
  /** `R` running, `S` sleeping, `D` waiting, `T` stopped by a signal, `t` traced, `Z` zombie, `X` dead. */
  state: string;
  parent: number;
  group: number;
  session: number;
  /** Threads that have not ended, the first one included even as a zombie (field 20). */
  threads: number;
  /** Clock ticks since boot (field 22). */
  startTime: number;
}

/** Reads a process from /proc; undefined when there is none (or no /proc). */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command is in parentheses and may itself hold blanks and parentheses: the last one closes it.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const rest = text.slice(close + 2).split(' ');
  const [state = '?', parent, group, session] = rest;
  return {
    pid,
    command: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    threads: Number(rest[17]),
    startTime: Number(rest[19]),
  };
}

let knownBootId: string | undefined;

/** Changes with each boot of the machine; empty where the system has none. */
function bootId(): string {
  if (knownBootId === undefined) {
    try {
      knownBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    } catch {
      knownBootId = '';
    }
  }
  return knownBootId;
}

/** The identity of a live process: pid, start time and boot. Undefined if there is none with that pid, or only a zombie. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  if (!stat || isDead(stat)) return undefined;
  return { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Is exactly this process still alive? A zombie is not, nor another one that got its pid. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!hasProc()) return identity.bootId === '' && exists(identity.pid);
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** The state letter of exactly this process, or undefined if it is gone. */
export function stateOf(identity: ProcessIdentity): string | undefined {
  return isAlive(identity) ? statOf(identity.pid)?.state : undefined;
}

/**
 * Signals exactly this process.
 *
 * @returns `gone` if it has ended, or its pid now belongs to another: nothing was signalled then.
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): 'sent' | 'gone' {
  if (!isAlive(identity)) return 'gone';
  return send(identity.pid, signal);
}

/**
 * Signals the process group that this process leads, even when the leader has ended and left others in it. A group
 * whose number has come to another process since is left alone.
 */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): 'sent' | 'gone' {
  return groupIsOurs(leader) ? send(-leader.pid, signal) : 'gone';
}

/** Is anybody alive in the group that this process led? */
export function groupIsAlive(leader: ProcessIdentity): boolean {
  return groupIsOurs(leader);
}

function groupIsOurs(leader: ProcessIdentity): boolean {
  if (!hasProc()) return leader.bootId === '' && exists(-leader.pid);
  if (leader.startTime === 0 || leader.bootId !== bootId()) return false;
  const holder = statOf(leader.pid);
  if (holder && holder.startTime !== leader.startTime) return false;
  // The kernel gives no pid away that is still the number of a group, so members that began later are the leader's own.
  return allPids().some((pid) => {
    const stat = statOf(pid);
    return stat?.group === leader.pid && !isDead(stat) && stat.startTime >= leader.startTime;
  });
}

/** The living leaders of a session of their own that were started with `NAME=value` in their environment. */
export function leadersWith(variable: string): ProcessIdentity[] {
  if (!hasProc()) return [];
  return allPids().flatMap((pid) => {
    const stat = statOf(pid);
    if (!stat || stat.session !== pid || !environmentOf(pid).includes(variable)) return [];
    return identityOf(pid) ?? [];
  });
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Waits until a process is gone. */
export async function waitUntilGone(
  identity: ProcessIdentity,
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const untilUs = systemClock.nowUs() + timeLimitMs * 1000;
  while (isAlive(identity)) {
    if (systemClock.nowUs() >= untilUs) return false;
    await systemClock.sleep(5, signal);
  }
  return true;
}

/** So much of a command line is shown. */
const SHOWN_CHARACTERS = 300;

/** The command line of a process, for people: secrets are masked, since it may be anybody's. */
export function commandOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return shownCommand(line) || (statOf(pid)?.command ?? '');
  } catch {
    return '';
  }
}

/** In one line, and masked before it is cut: half a secret is not recognised as one. */
export function shownCommand(line: string): string {
  return redact(line).replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS);
}

/**
 * Refuses processes that must never be a target: pid 1, this process, its ancestors, the run's own parts, and processes
 * of other users.
 *
 * @param own pids of the run's own parts: proxy, watchdog, drivers.
 * @throws PlimsollError `forbidden_target`
 */
export function refuseForbidden(pid: number, service: string, own: ReadonlySet<number>): void {
  const reason = forbiddenReason(pid, own);
  if (reason === undefined) return;
  throw new PlimsollError({
    code: 'forbidden_target',
    message: `the process of ${service} (pid ${pid}, ${commandOf(pid) || 'unknown command'}) ${reason}; it is never a target`,
    hint: 'Correct the address, pid, pidfile or command of the service.',
    kind: 'usage',
  });
}

/** Why a process must never be a target, in words; undefined if it may be one. */
export function forbiddenReason(pid: number, own: ReadonlySet<number>): string | undefined {
  if (pid === 1) return 'is the first process of this machine';
  if (pid === process.pid) return 'is Plimsoll itself';
  if (own.has(pid)) return 'is a part of this run (proxy, watchdog or load driver)';
  if (ancestors().has(pid)) return 'is an ancestor of Plimsoll';
  const owner = ownerOf(pid);
  if (owner !== undefined && owner !== process.getuid?.()) return `belongs to another user (uid ${owner})`;
  return undefined;
}

function ancestors(): Set<number> {
  const found = new Set<number>();
  let pid = process.ppid;
  while (pid > 0 && !found.has(pid)) {
    found.add(pid);
    pid = statOf(pid)?.parent ?? 0;
  }
  return found;
}

function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return undefined;
  }
}

/** The pids of all processes that can be seen. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/**
 * A killed process whose first thread is a zombie already may still have others on their way out, and as long as there is
 * one, its sockets accept connections. Only the last thread's end is the end.
 */
function isDead(stat: ProcessStat): boolean {
  return (stat.state === 'Z' && stat.threads <= 1) || stat.state === 'X' || stat.state === 'x';
}

function send(pid: number, signal: NodeJS.Signals): 'sent' | 'gone' {
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    if (systemCodeOf(error) === 'ESRCH') return 'gone';
    throw new PlimsollError({
      code: 'cannot_signal',
      message: `${signal} to ${pid < 0 ? `group ${-pid}` : `pid ${pid}`} was refused (${systemCodeOf(error) ?? 'unknown reason'})`,
      hint: 'Plimsoll signals only processes of its own user and never raises privileges.',
      cause: error,
    });
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

let procIsThere: boolean | undefined;

/** Linux shows processes under /proc; elsewhere a pid is all there is. */
export function hasProc(): boolean {
  if (procIsThere === undefined) {
    try {
      readlinkSync('/proc/self');
      procIsThere = true;
    } catch {
      procIsThere = false;
    }
  }
  return procIsThere;
}
