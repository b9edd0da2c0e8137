import type { ContainerLimits, UndoRecord } from '../record/undo.js';
import { formatBytes } from '../support/units.js';
import { controlGroupsOf, groupStat, readGroupFile } from './cgroup.js';
import { call, harm, statusOf, type OrderOutcome } from './engine.js';

/** Microseconds: what the kernel takes where none was said. */
export const USUAL_PERIOD = 100_000;

/** Limits as the engine notes them; 0 where none was set. */
export type NotedLimits = { [Limit in keyof ContainerLimits]-?: number };

/** What a container used at a moment, as the engine reads it from the kernel. */
export interface ContainerUse {
  /** Milliseconds on a clock of the engine's machine. */
  atMs: number;
  cpuMs: number;
  /** Periods in which it wanted CPU time, and those of them in which it was held back. */
  periods: number;
  throttledPeriods: number;
  /** Without caches that the kernel would drop. */
  memoryBytes: number;
  memoryLimitBytes: number;
}

/** What the kernel itself holds a container to, where its control groups can be seen from here. */
export interface KernelLimits {
  /** Undefined where it can't be seen, Infinity where there is none. */
  cores: number | undefined;
  memoryBytes: number | undefined;
  /** Processes in it that were killed for want of memory, since it started. */
  oomKills: number | undefined;
}

/** What the engine has noted; undefined when there is no such container (any more). */
export async function limitsOf(id: string): Promise<NotedLimits | undefined> {
  try {
    const { HostConfig: host } = await call(`inspect container ${id}`, async (client) =>
      client.getContainer(id).inspect(),
    );
    return {
      nanoCpus: host.NanoCpus ?? 0,
      cpuQuota: host.CpuQuota ?? 0,
      cpuPeriod: host.CpuPeriod ?? 0,
      memory: host.Memory ?? 0,
      memorySwap: host.MemorySwap ?? 0,
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Changes exactly the limits that are given, of a running container or for its next start. */
export async function setLimits(id: string, limits: ContainerLimits): Promise<OrderOutcome> {
  return harm(id, `limit container ${id}`, async (client) =>
    client.getContainer(id).update({
      ...(limits.nanoCpus === undefined ? {} : { NanoCpus: limits.nanoCpus }),
      ...(limits.cpuQuota === undefined ? {} : { CpuQuota: limits.cpuQuota }),
      ...(limits.cpuPeriod === undefined ? {} : { CpuPeriod: limits.cpuPeriod }),
      ...(limits.memory === undefined ? {} : { Memory: limits.memory }),
      ...(limits.memorySwap === undefined ? {} : { MemorySwap: limits.memorySwap }),
    }),
  );
}

/** How many cores' worth of CPU time a container may use; Infinity where nothing bounds it. */
export function coresAllowed({ nanoCpus = 0, cpuQuota = 0, cpuPeriod = 0 }: ContainerLimits): number {
  if (nanoCpus > 0) return nanoCpus / 1e9;
  return cpuQuota > 0 ? cpuQuota / (cpuPeriod || USUAL_PERIOD) : Infinity;
}

/** "0.5 cores", "any CPU time", "256 MB of memory". */
export function limitWords(limits: ContainerLimits): string {
  const cores = coresAllowed(limits);
  return [
    ...(limits.nanoCpus === undefined && limits.cpuQuota === undefined
      ? []
      : [Number.isFinite(cores) ? `${Number(cores.toFixed(3))} cores` : 'any CPU time']),
    ...(limits.memory === undefined ? [] : [`${formatBytes(limits.memory)} of memory`]),
  ].join(' and ');
}

type RestoreLimits = Extract<UndoRecord, { kind: 'restore-container-limits' }>;

/** Is it still there, and held tighter than before? */
export async function stillTighter({ container, limits }: RestoreLimits): Promise<boolean> {
  const now = await limitsOf(container);
  if (!now) return false;
  const cpu = limits.nanoCpus !== undefined || limits.cpuQuota !== undefined;
  const memory = limits.memory;
  return (
    (cpu && coresAllowed(now) < coresAllowed(limits)) || (memory !== undefined && now.memory > 0 && now.memory < memory)
  );
}

/**
 * Puts the limits back to what they were, and never makes one tighter.
 *
 * @returns true if there was something to do.
 */
export async function restoreLimits(record: RestoreLimits): Promise<boolean> {
  if (!(await stillTighter(record))) return false;
  return (await setLimits(record.container, record.limits)) === 'done';
}

/** What it used so far; undefined when there is no such container, or it does not run. */
export async function useOf(id: string): Promise<ContainerUse | undefined> {
  try {
    const stats = await call(`read the use of container ${id}`, async (client) =>
      // Without `one-shot` the engine takes a second look before it answers.
      client.getContainer(id).stats({ stream: false, 'one-shot': true } as { stream: false }),
    );
    // What the types promise is not there for a container that has ended.
    const memory = stats.memory_stats as Partial<typeof stats.memory_stats>;
    if (memory.usage === undefined) return undefined;
    const pages = memory.stats as Partial<Record<string, number>> | undefined;
    return {
      atMs: Date.parse(stats.read),
      cpuMs: stats.cpu_stats.cpu_usage.total_usage / 1e6,
      periods: stats.cpu_stats.throttling_data.periods,
      throttledPeriods: stats.cpu_stats.throttling_data.throttled_periods,
      memoryBytes: memory.usage - (pages?.['total_inactive_file'] ?? pages?.['inactive_file'] ?? 0),
      memoryLimitBytes: memory.limit ?? Infinity,
    };
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 409) return undefined;
    throw error;
  }
}

/** What the engine's machine has and can do. */
export async function engineAbilities(): Promise<{
  cores: number;
  memoryBytes: number;
  cpu: boolean;
  memory: boolean;
}> {
  const info = (await call('describe itself', async (client) => client.info())) as Record<string, unknown>;
  return {
    cores: Number(info['NCPU']),
    memoryBytes: Number(info['MemTotal']),
    cpu: info['CpuCfsQuota'] === true,
    memory: info['MemoryLimit'] === true,
  };
}

/**
 * Read from the control groups of the container's first process.
 *
 * @param id the group must bear it, or the pid is that of another machine.
 */
export function kernelLimitsOf(pid: number, id: string): KernelLimits {
  const cpu = ownGroup(pid, id, 'cpu');
  const memory = ownGroup(pid, id, 'memory');
  return {
    cores: cpu && coresIn(cpu),
    ...(memory ? memoryIn(memory) : { memoryBytes: undefined, oomKills: undefined }),
  };
}

interface OwnGroup {
  version: 1 | 2;
  folder: string;
}

function ownGroup(pid: number, id: string, controller: string): OwnGroup | undefined {
  const { version, folders: [folder] = [] } = controlGroupsOf(pid, controller) ?? {};
  return version !== undefined && folder?.includes(id) ? { version, folder } : undefined;
}

function coresIn({ version, folder }: OwnGroup): number | undefined {
  const [quota, period] =
    version === 1
      ? [readGroupFile(folder, 'cpu.cfs_quota_us'), readGroupFile(folder, 'cpu.cfs_period_us')]
      : (readGroupFile(folder, 'cpu.max')?.split(' ') ?? []);
  if (quota === undefined) return undefined;
  return Number(quota) > 0 ? Number(quota) / Number(period) : Infinity;
}

function memoryIn({ version, folder }: OwnGroup): Pick<KernelLimits, 'memoryBytes' | 'oomKills'> {
  const limit = readGroupFile(folder, version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
  const oomKills = groupStat(folder, version === 1 ? 'memory.oom_control' : 'memory.events', 'oom_kill');
  return { memoryBytes: limit === undefined ? undefined : limit === 'max' ? Infinity : Number(limit), oomKills };
}
