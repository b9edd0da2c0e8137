import { PlimsollError, messageOf } from '../support/errors.js';
import { findByCommand } from './find-by-command.js';
import { commandOf, hasProc, identityOf, isAlive, refuseForbidden } from './process.js';
import { findContainers } from './container.js';
import { readPid } from './pidfile.js';
import { waitForAddresses } from './reachable.js';
import { pidsListeningOn, usersListeningOn } from './sockets.js';
import type { LinkTarget, ProcessExit, ProcessRef, ServicePlan, Targets } from './targets.js';

/** The services that the run itself started (`process: { run: … }`). */
export interface SupervisorPort {
  /** The live replicas; undefined for a service that it does not run. */
  processes(service: string): ProcessRef[] | undefined;
  restart(service: string, replica: number, signal: AbortSignal): Promise<ProcessRef>;
  /** How a process that it started ended, once it has; undefined for any other. */
  exitOf(service: string, pid: number): Promise<ProcessExit> | undefined;
}

export interface TargetsOptions {
  runId: string;
  links: readonly LinkTarget[];
  services: readonly ServicePlan[];
  supervisor?: SupervisorPort | undefined;
  /** Pids of the run's own parts (proxy, watchdog, drivers): never a target. Asked each time, since parts may be restarted. */
  ownPids?: (() => Iterable<number>) | undefined;
}

/** What the faults of a run may reach: the links, services and processes that the scenario names, and nothing else. */
export function createTargets(options: TargetsOptions): Targets {
  const service = (name: string): ServicePlan =>
    options.services.find((candidate) => candidate.name === name) ??
    fail(`there is no service "${name}"`, exists('services', options.services));
  return {
    runId: options.runId,
    link: (name) =>
      options.links.find((link) => link.plan.name === name) ??
      fail(
        `there is no link "${name}"`,
        exists(
          'links',
          options.links.map((link) => link.plan),
        ),
      ),
    service,
    async processes(name) {
      const own = new Set(options.ownPids?.());
      const found = await find(service(name), options.supervisor, own);
      for (const process of found) refuseForbidden(process.pid, name, own);
      return found;
    },
    async containers(name) {
      const plan = service(name);
      if (plan.how === 'container') return findContainers(name, plan.container);
      return fail(
        `service ${name} has no container`,
        'Say how to find it: `container: <name>`, `{ label: k=v }` or `{ compose: <service> }`.',
      );
    },
    exitOf: (process) => options.supervisor?.exitOf(process.service, process.pid),
    async restart(name, replica, signal) {
      const plan = service(name);
      if (plan.how === 'run' && options.supervisor) return options.supervisor.restart(name, replica, signal);
      throw new PlimsollError({
        code: 'not_ours',
        message: `Plimsoll does not run ${name}, so it cannot restart it`,
        hint: 'Give the fault a `restart:` command, or let Plimsoll run the service with `process: { run: … }`.',
        kind: 'usage',
      });
    },
    waitForAddresses: async (addresses, timeLimitMs) => waitForAddresses(addresses, timeLimitMs),
  };
}

async function find(
  plan: ServicePlan,
  supervisor: SupervisorPort | undefined,
  own: ReadonlySet<number>,
): Promise<ProcessRef[]> {
  if (!hasProc()) {
    throw new PlimsollError({
      code: 'no_proc',
      message: `the processes of ${plan.name} cannot be told apart on ${process.platform}: there is no /proc`,
      hint: 'Process faults need Linux. Link and container faults work here; `plimsoll doctor` lists them.',
    });
  }
  switch (plan.how) {
    case 'none':
      return fail(
        `service ${plan.name} has no process`,
        'Say how to find it: `process: { listening: 127.0.0.1:7201 }`, `pid`, `pidfile` or `command`.',
      );
    case 'container':
      return fail(`service ${plan.name} is a container, not a process`, 'Use a container fault for it.');
    case 'listening':
      return atAddresses(plan.name, plan.addresses);
    case 'pid':
      return [
        ref(plan.name, plan.pid, 0, undefined) ??
          fail(`no process of ${plan.name} has pid ${plan.pid}`, 'It may have ended; correct the pid.'),
      ];
    case 'pidfile': {
      const pid = pidIn(plan.name, plan.file);
      return [
        ref(plan.name, pid, 0, undefined) ??
          fail(
            `${plan.file} names pid ${pid}, but no such process is alive`,
            `Start ${plan.name}, or delete the stale file.`,
          ),
      ];
    }
    case 'command':
      return findByCommand(plan, own);
    case 'run': {
      const live = (supervisor?.processes(plan.name) ?? []).filter(isAlive);
      return live.length > 0
        ? live
        : fail(`no replica of ${plan.name} is alive`, 'Its log is in the run directory under logs/.');
    }
  }
}

/** The processes behind the addresses; an address that nobody listens on right now is left out, unless all are. */
async function atAddresses(service: string, addresses: readonly string[]): Promise<ProcessRef[]> {
  const found: ProcessRef[] = [];
  for (const [replica, address] of addresses.entries()) {
    const pids = await pidsListeningOn(address);
    if (pids.length > 1) {
      fail(
        `${pids.length} processes of ${service} share the listener on ${address} (pids ${pids.join(', ')}): it is not clear which to hit`,
        'Give each replica a port of its own, or name the process by pidfile.',
      );
    }
    if (pids[0] === undefined) await refuseOthersListener(service, address);
    const process = pids[0] === undefined ? undefined : ref(service, pids[0], replica, address);
    if (process) found.push(process);
  }
  if (found.length > 0) return found;
  return fail(
    `no process of ${service} listens on ${addresses.join(', ')}`,
    'Is it running, and as the same user as Plimsoll?',
  );
}

/**
 * Whose process listens, the kernel tells everybody; which one it is, only its own user. So one that can't be found may
 * still be there, and "nobody listens" would be wrong.
 */
async function refuseOthersListener(service: string, address: string): Promise<void> {
  const own = process.getuid?.();
  const others = (await usersListeningOn(address)).filter((uid) => uid !== own);
  if (others.length === 0) return;
  throw new PlimsollError({
    code: 'forbidden_target',
    message: `what listens on ${address} for ${service} belongs to another user (uid ${others.join(', ')}, Plimsoll runs as uid ${own}); it is never a target`,
    hint: 'Run Plimsoll as the user of the service, or break its links instead: link faults need no rights over the process.',
    kind: 'usage',
  });
}

function ref(service: string, pid: number, replica: number, address: string | undefined): ProcessRef | undefined {
  const identity = identityOf(pid);
  return identity && { ...identity, service, replica, address, command: commandOf(pid) };
}

function pidIn(service: string, file: string): number {
  let pid: number | undefined;
  try {
    pid = readPid(file);
  } catch (error) {
    return fail(`the pidfile of ${service} cannot be read: ${messageOf(error)}`, 'Is it running?');
  }
  return pid ?? fail(`the pidfile ${file} of ${service} holds no pid`, 'Its first word must be the pid.');
}

function exists(what: string, named: readonly { name: string }[]): string {
  const names = named.map(({ name }) => name);
  return names.length > 0 ? `The scenario has these ${what}: ${names.join(', ')}.` : `The scenario has no ${what}.`;
}

function fail(message: string, hint: string): never {
  throw new PlimsollError({ code: 'no_target', message, hint, kind: 'usage' });
}
