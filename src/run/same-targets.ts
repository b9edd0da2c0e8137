import { z } from 'zod';
import { findContainers } from '../targets/container.js';
import { commandPattern } from '../support/command-pattern.js';
import { pidsFitting } from '../targets/find-by-command.js';
import { identityOf, commandOf } from '../targets/process.js';
import { readPid } from '../targets/pidfile.js';
import { pidsListeningOn } from '../targets/sockets.js';
import type { ServicePlan } from '../targets/targets.js';

const Container = z.union([
  z.object({ name: z.string() }),
  z.object({ label: z.string() }),
  z.object({ compose: z.string(), project: z.string().optional() }),
]);

/** How a run finds the processes and containers of a service, as the register keeps it for other runs. */
export const Selector = z.discriminatedUnion('how', [
  z.object({ how: z.literal('listening'), service: z.string(), addresses: z.array(z.string()) }),
  z.object({ how: z.literal('pid'), service: z.string(), pid: z.number() }),
  z.object({ how: z.literal('pidfile'), service: z.string(), file: z.string() }),
  z.object({ how: z.literal('command'), service: z.string(), command: z.string() }),
  z.object({ how: z.literal('container'), service: z.string(), container: Container }),
]);
export type Selector = z.infer<typeof Selector>;

/** The selectors of a system's services; those that have none are left out. */
export function selectorsOf(services: readonly ServicePlan[]): Selector[] {
  return services.flatMap((service): Selector[] => {
    const { name } = service;
    switch (service.how) {
      case 'listening':
      case 'run':
        return [{ how: 'listening', service: name, addresses: service.addresses }];
      case 'pid':
        return [{ how: 'pid', service: name, pid: service.pid }];
      case 'pidfile':
        return [{ how: 'pidfile', service: name, file: service.file }];
      case 'command':
        return [{ how: 'command', service: name, command: service.command }];
      case 'container':
        return [{ how: 'container', service: name, container: service.container }];
      case 'none':
        return [];
    }
  });
}

/**
 * What two runs would both hit, right now, however each of them finds it: a process by pid or by port, a container by
 * name or by label.
 *
 * @returns in words, each process and container once
 */
export async function sharedTargets(ours: readonly Selector[], theirs: readonly Selector[]): Promise<string[]> {
  if (ours.length === 0 || theirs.length === 0) return [];
  const [mine, other] = [await resolved(ours), await resolved(theirs)];
  return [...mine.keys()].flatMap((key) => {
    const service = other.get(key);
    return service === undefined ? [] : [`${words(key)}, which is ${mine.get(key)} here and ${service} there`];
  });
}

/** By what it is, independent of how it was found: the name of its service. */
async function resolved(selectors: readonly Selector[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const selector of selectors) {
    // Who can't be found now is not shared now; the run itself will say so when it looks for it.
    const keys = await keysOf(selector).catch(() => []);
    for (const key of keys) found.set(key, selector.service);
  }
  return found;
}

async function keysOf(selector: Selector): Promise<string[]> {
  switch (selector.how) {
    case 'listening':
      return processKeys((await Promise.all(selector.addresses.map(pidsListeningOn))).flat());
    case 'pid':
      return processKeys([selector.pid]);
    case 'pidfile':
      return processKeys([readPid(selector.file) ?? 0]);
    case 'command': {
      const pattern = commandPattern(selector.command);
      return pattern.ok ? processKeys(pidsFitting(pattern.fits)) : [];
    }
    case 'container': {
      const containers = await findContainers(selector.service, selector.container);
      return containers.map(({ id, name }) => `container ${id} ${name}`);
    }
  }
}

function processKeys(pids: readonly number[]): string[] {
  return pids.flatMap((pid) => {
    const identity = pid > 0 ? identityOf(pid) : undefined;
    return identity ? [`process ${pid} ${identity.startTime}`] : [];
  });
}

function words(key: string): string {
  const [kind, first, second] = key.split(' ');
  return kind === 'process' ? `pid ${first} (${commandOf(Number(first))})` : `container ${second}`;
}
