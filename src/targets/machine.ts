import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** USER_HZ: what the kernel tells user space in, whatever it counts in itself; 100 on all architectures that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** How many cores this process may use. */
export function availableCores(): number {
  return availableParallelism();
}

/** CPU time that a process has used so far, of all its threads, in milliseconds; undefined if there is none. */
export function cpuTimeMsOf(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // Fields 14 and 15, user and system; the command in parentheses may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
