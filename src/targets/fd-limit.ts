import { readFileSync, readdirSync } from 'node:fs';
import type { ProcessIdentity, UndoRecord } from '../record/undo.js';
import { PlimsollError } from '../support/errors.js';
import { findProgram } from '../support/find-program.js';
import { allPids, identityOf, isAlive, statOf } from './process.js';

type RestoreFdLimit = Extract<UndoRecord, { kind: 'restore-fd-limit' }>;

/** How many files a process may have open: `soft` is in force, and the process may raise it up to `hard`. */
export interface FdLimit {
  soft: number;
  hard: number;
}

/** The program that changes the limits of a running process, and who brings it. */
export const PRLIMIT = { name: 'prlimit', mend: 'sudo apt-get install util-linux' };

/** The limit of exactly this process as the kernel has it; undefined if the process is gone. */
export function fdLimitOf(identity: ProcessIdentity): FdLimit | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${identity.pid}/limits`, 'latin1');
  } catch {
    return undefined;
  }
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text) ?? [];
  // Asked after the reading: a pid that was given away in between is noticed.
  return soft !== undefined && isAlive(identity) ? { soft: Number(soft), hard: Number(hard) } : undefined;
}

/** The numbers of the files that exactly this process has open; undefined if it is gone. */
export function openFilesOf(identity: ProcessIdentity): ReadonlySet<number> | undefined {
  try {
    const open = new Set(readdirSync(`/proc/${identity.pid}/fd`).map(Number));
    return isAlive(identity) ? open : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The limit under which exactly `headroom` more files can be opened. The kernel limits the number that a file gets, and
 * gives the lowest free one: with gaps among the numbers, as many files as are open would leave the gaps to be filled.
 */
export function limitFor(open: ReadonlySet<number>, headroom: number): number {
  let limit = 0;
  for (let free = 0; free < headroom || open.has(limit); limit++) if (!open.has(limit)) free++;
  return limit;
}

/** How many more files can be opened under a limit. */
export function roomUnder(open: ReadonlySet<number>, limit: number): number {
  return limit - [...open].filter((number) => number < limit).length;
}

/**
 * Sets the soft limit of exactly this process and leaves the hard one as it is, so that it can be put back without
 * privileges.
 *
 * @returns `gone` if the process has ended: nothing was changed then.
 * @throws PlimsollError `no_prlimit`, `cannot_limit`
 */
export async function setSoftFdLimit(
  identity: ProcessIdentity,
  soft: number,
  signal?: AbortSignal,
): Promise<'set' | 'gone'> {
  const program = requirePrlimit();
  if (!isAlive(identity)) return 'gone';
  const { execa } = await import('execa');
  const result = await execa(program, ['--pid', String(identity.pid), `--nofile=${soft}:`], {
    reject: false,
    stdin: 'ignore',
    ...(signal ? { cancelSignal: signal } : {}),
  });
  if (result.exitCode === 0) return 'set';
  if (!isAlive(identity)) return 'gone';
  throw new PlimsollError({
    code: 'cannot_limit',
    message: `the limit of open files of pid ${identity.pid} cannot be set to ${soft}: ${result.stderr.trim() || result.shortMessage || 'prlimit failed'}`,
    hint: 'The process must run as the same user and group as Plimsoll, and the limit must not exceed its hard limit.',
  });
}

/** @throws PlimsollError `no_prlimit` */
export function requirePrlimit(): string {
  const program = findProgram(PRLIMIT.name);
  if (program !== undefined) return program;
  throw new PlimsollError({
    code: 'no_prlimit',
    message: 'the program prlimit, which changes the limits of running processes, is not on this machine',
    hint: `Install it: ${PRLIMIT.mend}`,
    kind: 'usage',
  });
}

/**
 * Who is still below the old limit because of the fault: the process itself, and those of its descendants that inherited
 * the lowered limit, since a limit outlives the process that it was meant for.
 */
export function stillLimited({ process, soft, lowered }: RestoreFdLimit): ProcessIdentity[] {
  if (!isAlive(process)) return [];
  const own = fdLimitOf(process);
  const heirs = descendantsOf(process.pid).filter((heir) => fdLimitOf(heir)?.soft === lowered);
  return own && own.soft < soft ? [process, ...heirs] : heirs;
}

/**
 * Raises the limits to what they were; never lowers one, so that faults on the same process may end in any order.
 *
 * @returns true if there was something to do.
 */
export async function restoreFdLimit(record: RestoreFdLimit, signal?: AbortSignal): Promise<boolean> {
  let changed = false;
  // The process first: what it starts from then on inherits the old limit.
  for (let left = stillLimited(record); left.length > 0; left = stillLimited(record)) {
    signal?.throwIfAborted();
    for (const identity of left) changed = (await setSoftFdLimit(identity, record.soft, signal)) === 'set' || changed;
  }
  return changed;
}

function descendantsOf(root: number): ProcessIdentity[] {
  const parents = new Map(allPids().map((pid) => [pid, statOf(pid)?.parent ?? 0]));
  const isBelow = (pid: number): boolean => {
    let at = parents.get(pid) ?? 0;
    for (let steps = 0; at > 1 && steps < parents.size; steps++) {
      if (at === root) return true;
      at = parents.get(at) ?? 0;
    }
    return false;
  };
  return [...parents.keys()].filter(isBelow).flatMap((pid) => identityOf(pid) ?? []);
}
