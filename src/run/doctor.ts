import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { faults } from '../faults/registry.js';
import type { FaultDefinition } from '../faults/fault.js';
import { engineAbilities } from '../targets/container-limits.js';
import { pingDocker } from '../targets/docker.js';
import { availableCores } from '../targets/machine.js';
import { memoryBounds, memoryRoom } from '../targets/memory.js';
import { hasProc, identityOf } from '../targets/process.js';
import { pidsListeningOn } from '../targets/sockets.js';
import { findProgram } from '../support/find-program.js';
import { messageOf } from '../support/errors.js';
import { formatBytes } from '../support/units.js';
import { registerFolder } from './register.js';

export interface Finding {
  /** Type of the fault, or the family's name where no fault of it is there. */
  fault: string;
  possible: boolean;
  why?: string;
  /** A command, or what to do. */
  mend?: string;
}

interface Check {
  possible: boolean;
  why?: string;
  mend?: string;
}

/** Which faults this machine can do, and why not the others. Tries for real what each family of faults needs. */
export async function checkMachine(): Promise<Finding[]> {
  const [safety, processes, containers] = await Promise.all([checkSafety(), checkProcesses(), checkContainers()]);
  const limits = containers.possible ? await engineAbilities().catch(() => undefined) : undefined;
  const findings = faults.map((fault): Finding => {
    // Without a place to write the undo down nothing is injected at all.
    const check = safety.possible ? checkOf(fault, { processes, containers, limits }) : safety;
    return { fault: fault.type, ...check };
  });
  if (!faults.some(({ family }) => family === 'container')) findings.push({ fault: 'containers', ...containers });
  return findings;
}

function checkOf(
  fault: FaultDefinition,
  checks: { processes: Check; containers: Check; limits: Limits | undefined },
): Check {
  switch (fault.family) {
    case 'link':
      return { possible: true, why: 'through the proxy that is built in' };
    case 'process':
      return checks.processes.possible ? (checkProgram(fault) ?? checks.processes) : checks.processes;
    case 'container':
      return checks.containers.possible ? (checkLimits(fault, checks.limits) ?? checks.containers) : checks.containers;
    case 'machine':
      return hasProc()
        ? { possible: true, why: `in a process of its own${boundOf(fault.type)}` }
        : {
            possible: false,
            why: `it is measured in /proc, which ${process.platform} does not have`,
            mend: 'run Plimsoll on Linux',
          };
    case 'anything':
      return { possible: true };
  }
}

/** How far it may go here. */
function boundOf(type: string): string {
  switch (type) {
    case 'cpu-stress':
      return ` on each of at most ${availableCores()} cores`;
    case 'memory-stress': {
      const { roomBytes, where } = memoryRoom(memoryBounds());
      return `; at most ${formatBytes(Math.max(0, roomBytes))} now, bounded by ${where}`;
    }
    case 'disk-fill':
      return '; on the disk of the root folder only with `allowRootDisk: true`';
    default:
      return '';
  }
}

type Limits = Awaited<ReturnType<typeof engineAbilities>>;

/** Undefined where nothing is missing. */
function checkLimits({ needsEngine }: FaultDefinition, limits: Limits | undefined): Check | undefined {
  if (needsEngine === undefined || limits?.[needsEngine] === true) return undefined;
  return {
    possible: false,
    why: `the kernel under the Docker Engine has no ${needsEngine} limits for containers`,
    mend: '`docker info` warns of it and says why',
  };
}

/** Undefined where nothing is missing. */
function checkProgram({ needsProgram }: FaultDefinition): Check | undefined {
  if (!needsProgram || findProgram(needsProgram.name) !== undefined) return undefined;
  return { possible: false, why: `it needs the program ${needsProgram.name}`, mend: needsProgram.mend };
}

async function checkSafety(): Promise<Check> {
  const folder = registerFolder();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return { possible: true };
  } catch (error) {
    return {
      possible: false,
      why: `the register of active runs cannot be written: ${messageOf(error)}`,
      mend: 'export XDG_STATE_HOME=<a folder that this user can write>',
    };
  }
}

/** Finds this very process by a port, as a process fault would find its target. */
async function checkProcesses(): Promise<Check> {
  if (!hasProc()) {
    return {
      possible: false,
      why: `process faults read /proc, which ${process.platform} does not have`,
      mend: 'run Plimsoll on Linux, or in a container beside the system',
    };
  }
  const identity = identityOf(process.pid);
  if (!identity?.bootId) {
    return {
      possible: false,
      why: '/proc does not show start times and the boot id',
      mend: 'mount /proc without restrictions',
    };
  }
  const server = createServer((socket) => socket.on('error', () => undefined).destroy());
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const pids = await pidsListeningOn(`127.0.0.1:${port}`);
    return pids.includes(process.pid)
      ? { possible: true, why: 'for processes of this user' }
      : {
          possible: false,
          why: 'processes cannot be found by their ports in /proc/net/tcp',
          mend: 'name them by `pid` or `pidfile`, or mount /proc without hidepid',
        };
  } catch (error) {
    return { possible: false, why: `no port can be opened on 127.0.0.1: ${messageOf(error)}` };
  } finally {
    server.close();
  }
}

async function checkContainers(): Promise<Check> {
  const { ok, version, reason, notAllowed } = await pingDocker();
  if (ok && !faults.some(({ family }) => family === 'container')) {
    return { possible: false, why: `Docker Engine ${version ?? ''} answers, but this version has no container faults` };
  }
  if (ok) return { possible: true, why: `Docker Engine ${version ?? ''}`.trim() };
  return {
    possible: false,
    why: reason ?? 'no Docker Engine answers',
    mend: notAllowed
      ? 'sudo usermod -aG docker $USER, then log in again; who is in that group can become root'
      : 'sudo apt-get install docker.io && sudo systemctl start docker && sudo usermod -aG docker $USER',
  };
}
