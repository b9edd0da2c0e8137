import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { systemClock } from '../support/clock.js';
import { PlimsollError, systemCodeOf } from '../support/errors.js';
import { ProcessIdentity } from './undo.js';

/** Who takes a lock, and how to tell whether somebody else who took it still lives. */
export interface LockOwner {
  identity: ProcessIdentity;
  isAlive(identity: ProcessIdentity): boolean;
  /** How long to wait for it; five seconds unless said otherwise. */
  waitMs?: number;
}

const WAIT_MS = 5000;
const POLL_MS = 20;

/**
 * Does something while no other process does it under the same lock, a file that names its owner. A lock whose owner is
 * gone is taken over.
 *
 * @throws PlimsollError `ledger_locked` when it is not free in time
 */
export async function withLock<T>(file: string, owner: LockOwner, work: () => T | Promise<T>): Promise<T> {
  const untilUs = systemClock.nowUs() + (owner.waitMs ?? WAIT_MS) * 1000;
  while (!take(file, owner)) {
    breakStale(file, owner);
    if (systemClock.nowUs() > untilUs) {
      throw new PlimsollError({
        code: 'ledger_locked',
        message: `${file} is held by ${ownerWords(file)}`,
        hint: 'Wait until it is done; if no such process is there, delete that file.',
      });
    }
    await systemClock.sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    unlinkSync(file);
  }
}

function take(file: string, { identity }: LockOwner): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o644);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(descriptor, JSON.stringify(identity));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/** Under a lock of its own: otherwise two who wait could break one lock after another, the second a live one. */
function breakStale(file: string, owner: LockOwner): void {
  const holder = holderOf(file);
  if (!holder || owner.isAlive(holder)) return;
  const breaking = `${file}.break`;
  if (!take(breaking, owner)) {
    // Whoever is breaking it may have died of it.
    const breaker = holderOf(breaking);
    if (breaker && !owner.isAlive(breaker)) remove(breaking);
    return;
  }
  try {
    const still = holderOf(file);
    if (still && !owner.isAlive(still)) remove(file);
  } finally {
    remove(breaking);
  }
}

/** Undefined: it is gone, or its owner has not yet written who it is. */
function holderOf(file: string): ProcessIdentity | undefined {
  try {
    return ProcessIdentity.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function ownerWords(file: string): string {
  const holder = holderOf(file);
  return holder ? `process ${holder.pid}` : 'a process that did not say who it is';
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}
