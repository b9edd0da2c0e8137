import { readFileSync } from 'node:fs';

/**
 * Are the processes of a container frozen? Read from the kernel, where the engine runs on this machine.
 *
 * @param pid of the container's first process, as the engine names it.
 * @param id of the container: the process must be in a cgroup that bears it, or it is somebody else's.
 * @returns undefined where it can't be seen (an engine on another machine, another layout of cgroups).
 */
export function frozenState(pid: number, id: string): boolean | undefined {
  let lines: string[];
  try {
    lines = readFileSync(`/proc/${pid}/cgroup`, 'latin1').trim().split('\n');
  } catch {
    return undefined;
  }
  for (const line of lines) {
    const [, controllers, ...rest] = line.split(':');
    const path = rest.join(':');
    if (!path.includes(id)) continue;
    if (controllers === '') {
      const events = readText(`/sys/fs/cgroup${path}/cgroup.events`);
      const frozen = /^frozen ([01])$/m.exec(events ?? '')?.[1];
      if (frozen !== undefined) return frozen === '1';
    } else if (controllers?.split(',').includes('freezer')) {
      const state = readText(`/sys/fs/cgroup/freezer${path}/freezer.state`)?.trim();
      if (state !== undefined) return state === 'FROZEN';
    }
  }
  return undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
