import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { call, harm, order, short, statusOf, type OrderOutcome } from './engine.js';
import type { ContainerRef, ContainerSelector } from './targets.js';

/** What the engine says of a container, as far as faults look at it. */
export interface ContainerState {
  id: string;
  name: string;
  running: boolean;
  paused: boolean;
  /** 0 when it does not run. */
  pid: number;
  /** Of this start, as the engine writes it. */
  startedAt: string;
  exitCode: number;
  /** Its first process was killed for want of memory when it ended last. */
  oomKilled: boolean;
  /** The engine removes it when it ends (`docker run --rm`). */
  autoRemove: boolean;
  networkMode: string;
  networks: ContainerNetwork[];
}

/** How a container is attached to a network: all that is needed to attach it in the same way again. */
export interface ContainerNetwork {
  name: string;
  id: string;
  aliases: string[];
  links: string[];
  address: string;
  /** The address that was asked for when it was attached, if one was. */
  fixedAddress: string | undefined;
}

/** Words for a selector: `shop-order`, `label plimsoll.service=order`, `Compose service order of project shop`. */
export function selectorWords(selector: ContainerSelector): string {
  if ('name' in selector) return `container ${selector.name}`;
  if ('label' in selector) return `containers with label ${selector.label}`;
  return `containers of Compose service ${selector.compose}${selector.project === undefined ? '' : ` in project ${selector.project}`}`;
}

/**
 * The running containers of a service, by name. A name or id must fit exactly one; a label or a Compose service may fit
 * several: its replicas.
 *
 * @throws PlimsollError `no_target`, `several_projects`, `engine_unavailable`
 */
export async function findContainers(service: string, selector: ContainerSelector): Promise<ContainerRef[]> {
  if ('name' in selector) {
    const state = await stateOfContainer(selector.name);
    if (state?.running !== true) {
      throw noTarget(
        state ? `container ${selector.name} of ${service} does not run` : `there is no container ${selector.name}`,
        state ? `Start it: docker start ${selector.name}` : '`docker ps` lists those that run.',
      );
    }
    return [{ id: state.id, name: state.name, service, replica: 0 }];
  }
  const labels =
    'label' in selector
      ? [selector.label]
      : [
          `com.docker.compose.service=${selector.compose}`,
          ...(selector.project === undefined ? [] : [`com.docker.compose.project=${selector.project}`]),
        ];
  const found = await call('list containers', async (client) =>
    client.listContainers({ filters: { label: labels, status: ['running', 'paused'] } }),
  );
  const projects = new Set(found.map(({ Labels }) => Labels['com.docker.compose.project']));
  if ('compose' in selector && projects.size > 1) {
    throw new PlimsollError({
      code: 'several_projects',
      message: `Compose service ${selector.compose} runs in ${projects.size} projects: ${[...projects].join(', ')}`,
      hint: `Say which: container: { compose: ${selector.compose}, project: ${[...projects][0] ?? 'name'} }`,
      kind: 'usage',
    });
  }
  if (found.length === 0) {
    throw noTarget(
      `none of the ${selectorWords(selector)} runs, so ${service} has no target`,
      '`docker ps` lists those that run.',
    );
  }
  return found
    .map((info) => ({ id: info.Id, name: nameOf(info) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((about, replica) => ({ ...about, service, replica }));
}

/** Undefined when there is no such container (any more). */
export async function stateOfContainer(nameOrId: string): Promise<ContainerState | undefined> {
  let info: ContainerInspectInfo;
  try {
    info = await call(`inspect container ${nameOrId}`, async (client) => client.getContainer(nameOrId).inspect());
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
  const { State: state, HostConfig: host } = info;
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    running: state.Running,
    paused: state.Paused,
    pid: state.Pid,
    startedAt: state.StartedAt,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    autoRemove: host.AutoRemove === true,
    networkMode: host.NetworkMode ?? '',
    networks: Object.entries(info.NetworkSettings.Networks).map(([name, network]) => ({
      name,
      id: network.NetworkID,
      aliases: (network.Aliases as string[] | null | undefined) ?? [],
      links: (network.Links as string[] | null | undefined) ?? [],
      address: network.IPAddress,
      fixedAddress: (network.IPAMConfig as { IPv4Address?: string } | null | undefined)?.IPv4Address,
    })),
  };
}

/** How often a container is to be frozen before the engine is believed that it can't be. */
const FREEZE_TRIES = 5;

/**
 * Freezes all processes of a container. The kernel's freezer gives up on one whose processes are just starting threads,
 * and lets it go on; then it is tried again.
 */
export async function pauseContainer(id: string, signal?: AbortSignal): Promise<OrderOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await harm(id, `pause container ${short(id)}`, async (client) => client.getContainer(id).pause());
    } catch (error) {
      if (tries === FREEZE_TRIES || !messageOf(error).includes('unable to freeze')) throw error;
    }
    await systemClock.sleep(50 * tries, signal);
  }
}

export async function unpauseContainer(id: string): Promise<OrderOutcome> {
  const state = await stateOfContainer(id);
  if (!state?.running) return 'gone';
  if (!state.paused) return 'was_so';
  return order(`unpause container ${short(id)}`, async (client) => client.getContainer(id).unpause());
}

export async function killContainer(id: string, signal: string): Promise<OrderOutcome> {
  return harm(id, `send ${signal} to container ${short(id)}`, async (client) =>
    client.getContainer(id).kill({ signal }),
  );
}

/** SIGTERM, then SIGKILL after so many seconds: the engine answers when it has ended. */
export async function stopContainer(id: string, graceS: number): Promise<OrderOutcome> {
  return harm(id, `stop container ${short(id)}`, async (client) => client.getContainer(id).stop({ t: graceS }), graceS);
}

export async function restartContainer(id: string, graceS: number): Promise<OrderOutcome> {
  return harm(
    id,
    `restart container ${short(id)}`,
    async (client) => client.getContainer(id).restart({ t: graceS }),
    graceS,
  );
}

export async function startContainer(id: string): Promise<OrderOutcome> {
  const state = await stateOfContainer(id);
  if (state?.running) return 'was_so';
  return order(`start container ${short(id)}`, async (client) => client.getContainer(id).start());
}

export async function disconnectContainer(id: string, network: string): Promise<OrderOutcome> {
  return harm(id, `disconnect container ${short(id)}`, async (client) =>
    client.getNetwork(network).disconnect({ Container: id, Force: true }),
  );
}

/** Attaches it as it was: the same aliases and links, and the same address where it had been asked for. */
export async function connectContainer(
  id: string,
  network: { id: string; aliases: string[]; links: string[]; fixedAddress?: string | undefined },
): Promise<OrderOutcome> {
  const state = await stateOfContainer(id);
  if (state?.networks.some((one) => one.id === network.id)) return 'was_so';
  if (!state) return 'gone';
  return order(`connect container ${short(id)}`, async (client) =>
    client.getNetwork(network.id).connect({
      Container: id,
      EndpointConfig: {
        // The engine adds the short id by itself, and refuses nothing that is there twice.
        Aliases: network.aliases.filter((alias) => !id.startsWith(alias)),
        Links: network.links,
        ...(network.fixedAddress === undefined ? {} : { IPAMConfig: { IPv4Address: network.fixedAddress } }),
      },
    }),
  );
}

/** Does the network, asked by itself, hold the container? */
export async function networkHolds(network: string, id: string): Promise<boolean> {
  const info = (await call(`inspect network ${network}`, async (client) => client.getNetwork(network).inspect())) as {
    Containers?: Record<string, unknown>;
  };
  return info.Containers?.[id] !== undefined;
}

function nameOf(info: ContainerInfo): string {
  return (info.Names[0] ?? info.Id).replace(/^\//, '');
}

function noTarget(message: string, hint: string): PlimsollError {
  return new PlimsollError({ code: 'no_target', message, hint, kind: 'usage' });
}
