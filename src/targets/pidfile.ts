import { readFileSync } from 'node:fs';

/**
 * The pid that a pidfile names with its first word; undefined where that is none.
 *
 * @throws the file system's error if the file can't be read
 */
export function readPid(file: string): number | undefined {
  const pid = Number(readFileSync(file, 'utf8').trim().split(/\s/)[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
