import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlGroupsOf, groupStat, readGroupFile } from './cgroup.js';

/** Never taken: this share of the memory, or of a disk, stays free whatever a fault asks for. */
export const RESERVE_SHARE = 0.05;

/** One thing that bounds how much memory this process may use. */
export interface MemoryBound {
  /** "this machine", "control group /sys/fs/cgroup/memory/…". */
  where: string;
  totalBytes: number;
  /** What can be had without swapping: caches that the kernel would drop count as free. */
  availableBytes: number;
}

/**
 * What bounds this process's memory: the machine, and each control group around it that has a limit.
 * Empty where the kernel does not say (not Linux).
 */
export function memoryBounds(proc = '/proc'): MemoryBound[] {
  const machine = machineMemory(proc);
  if (!machine) return [];
  const { version, folders } = controlGroupsOf('self', 'memory', proc) ?? { version: 2, folders: [] };
  const groups = folders.flatMap((folder) => (version === 1 ? oldGroup(folder) : newGroup(folder)) ?? []);
  return [machine, ...groups.filter(({ totalBytes }) => totalBytes < machine.totalBytes)];
}

/** How much may still be taken, the reserve of each bound kept free; negative when it is touched already. */
export function memoryRoom(bounds: readonly MemoryBound[]): { roomBytes: number; where: string } {
  const rooms = bounds.map(({ where, totalBytes, availableBytes }) => ({
    roomBytes: Math.floor(availableBytes - RESERVE_SHARE * totalBytes),
    where,
  }));
  return rooms.reduce((least, one) => (one.roomBytes < least.roomBytes ? one : least), {
    roomBytes: Infinity,
    where: 'nothing',
  });
}

/** How much must be taken until so much of the memory is in use, in bytes: by the bound that gets there first. */
export function memoryUpTo(bounds: readonly MemoryBound[], share: number): number {
  return Math.floor(
    Math.min(...bounds.map(({ totalBytes, availableBytes }) => availableBytes - (1 - share) * totalBytes)),
  );
}

/** Memory of a process, in RAM and swapped out, in bytes; undefined if there is no such process. */
export function residentBytesOf(pid: number): { ramBytes: number; swapBytes: number } | undefined {
  const text = readText(`/proc/${pid}/status`);
  const ram = kilobytes(text, 'VmRSS');
  return ram === undefined ? undefined : { ramBytes: ram, swapBytes: kilobytes(text, 'VmSwap') ?? 0 };
}

function machineMemory(proc: string): MemoryBound | undefined {
  const text = readText(join(proc, 'meminfo'));
  const totalBytes = kilobytes(text, 'MemTotal');
  const availableBytes = kilobytes(text, 'MemAvailable');
  if (totalBytes === undefined || availableBytes === undefined) return undefined;
  return { where: 'this machine', totalBytes, availableBytes };
}

function oldGroup(folder: string): MemoryBound | undefined {
  return bound(
    folder,
    [number(readGroupFile(folder, 'memory.limit_in_bytes'))],
    number(readGroupFile(folder, 'memory.usage_in_bytes')),
    groupStat(folder, 'memory.stat', 'total_inactive_file'),
  );
}

function newGroup(folder: string): MemoryBound | undefined {
  return bound(
    folder,
    // Above `high` the kernel slows the group down instead of killing in it: that is no place to be either.
    [number(readGroupFile(folder, 'memory.max')), number(readGroupFile(folder, 'memory.high'))],
    number(readGroupFile(folder, 'memory.current')),
    groupStat(folder, 'memory.stat', 'inactive_file'),
  );
}

function bound(
  folder: string,
  limits: readonly (number | undefined)[],
  usage: number | undefined,
  inactiveFile = 0,
): MemoryBound | undefined {
  const totalBytes = Math.min(...limits.map((limit) => limit ?? Infinity));
  if (usage === undefined || !Number.isFinite(totalBytes)) return undefined;
  return { where: `control group ${folder}`, totalBytes, availableBytes: totalBytes - usage + inactiveFile };
}

/** Undefined for `max`, and for a file that is not there. */
function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function kilobytes(text: string | undefined, key: string): number | undefined {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
