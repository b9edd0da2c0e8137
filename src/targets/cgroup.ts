import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Where the kernel shows processes and mounts; another folder only in tests. */
const PROC = '/proc';

/** The control groups that bound a process in one respect. */
export interface ControlGroups {
  version: 1 | 2;
  /** Folders that exist for this process, its own group first, then those around it as far as they can be seen. */
  folders: string[];
}

/**
 * The control groups of a process for a controller such as `memory` or `cpu`, in either version of the hierarchy, also
 * from inside a container, where the group's path and the mounted tree need not begin at the same place.
 *
 * @param pid or `self`.
 * @returns undefined where there are none, or they can't be seen from here.
 */
export function controlGroupsOf(pid: number | 'self', controller: string, proc = PROC): ControlGroups | undefined {
  const groups = readText(join(proc, String(pid), 'cgroup'));
  const mounts = readText(join(proc, 'self', 'mountinfo'));
  if (groups === undefined || mounts === undefined) return undefined;
  const ofProcess = groups
    .trim()
    .split('\n')
    .map((line) => line.split(':'))
    .map(([, controllers = '', ...path]) => ({ controllers: controllers.split(','), path: path.join(':') }));
  // A controller of the old hierarchy is not in the new one: where both are mounted the old one says which it has.
  const old = ofProcess.find(({ controllers }) => controllers.includes(controller));
  const unified = ofProcess.find(({ controllers }) => controllers.join() === '');
  for (const [version, group] of [
    [1, old],
    [2, old ? undefined : unified],
  ] as const) {
    const mount = group && mountsIn(mounts).find(version === 1 ? holds(controller) : isUnified);
    if (!group || !mount) continue;
    const folders = foldersBetween(mount, group.path);
    if (folders) return { version, folders };
  }
  return undefined;
}

interface Mount {
  root: string;
  point: string;
  type: string;
  options: string[];
}

/** From `/proc/self/mountinfo`: "36 35 98:0 /root /mount/point rw,relatime master:1 - cgroup cgroup rw,memory". */
function mountsIn(text: string): Mount[] {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , root, point] = before.split(' ');
      const [type = '', , options = ''] = after.split(' ');
      return root === undefined || point === undefined ? [] : [{ root, point, type, options: options.split(',') }];
    });
}

const isUnified = ({ type }: Mount): boolean => type === 'cgroup2';
const holds =
  (controller: string) =>
  ({ type, options }: Mount): boolean =>
    type === 'cgroup' && options.includes(controller);

/** Undefined for a group outside of what is mounted here. */
function foldersBetween({ root, point }: Mount, path: string): string[] | undefined {
  const inside = relative(root, path);
  if (inside.startsWith('..') || path.includes('/..')) return undefined;
  const steps = inside === '' ? [] : inside.split('/');
  return Array.from({ length: steps.length + 1 }, (_, n) => join(point, ...steps.slice(0, steps.length - n)));
}

/** One of a group's files, trimmed; undefined if it does not have it. */
export function readGroupFile(folder: string, file: string): string | undefined {
  return readText(join(folder, file))?.trim();
}

/** A number in a file of `key value` lines, such as `memory.stat`. */
export function groupStat(folder: string, file: string, key: string): number | undefined {
  const found = new RegExp(`^${key} (\\d+)$`, 'm').exec(readGroupFile(folder, file) ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
