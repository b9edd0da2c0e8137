import { z } from 'zod';
import { redact, redactData } from './redact.js';

/**
 * Undo records: plain data, written to the journal and fsynced before a fault acts. The same `undo(record)` (in
 * `targets/undo.ts`) runs in the conductor, in the watchdog and in `plimsoll recover`. Each record names its target so
 * that it cannot hit another, and undoing twice is the same as undoing once.
 */
const common = {
  /** Unique in the run: `<fault id>/<n>`. */
  id: z.string(),
  /** The fault's id, or `run` for what the run itself started. */
  fault: z.string(),
  /** What the undo will do, for people: "remove toxic plimsoll-… from link order-payment". */
  words: z.string(),
  /** A shell command that does the same by hand, printed when the undo fails. */
  byHand: z.string(),
  timeLimitMs: z.number().positive(),
};

/** A process that can't be mistaken for another: the pid alone may be reused, so its start time and boot go with it. */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  /** Field 22 of `/proc/<pid>/stat`: clock ticks since boot. 0 where there is no /proc. */
  startTime: z.number().nonnegative(),
  /** `/proc/sys/kernel/random/boot_id`; empty where there is none. */
  bootId: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** A proxy on a Toxiproxy server: `listen` guards against another proxy that took the name since. */
const proxy = { api: z.string(), proxy: z.string(), listen: z.string() };

/** What whoever undid a record saw when it looked afterwards. */
export const UndoSeen = z.object({
  finding: z.string(),
  /** On the machine's monotonic clock. */
  atUs: z.number(),
});
export type UndoSeen = z.infer<typeof UndoSeen>;

/**
 * Limits of a container in the engine's own terms, only those that are meant: -1 for a `cpuQuota` of none. The engine
 * ignores a 0.
 */
export const ContainerLimits = z.object({
  nanoCpus: z.number().optional(),
  /** Microseconds in each period. */
  cpuQuota: z.number().optional(),
  cpuPeriod: z.number().optional(),
  /** Bytes. */
  memory: z.number().optional(),
  /** Bytes, those of `memory` included; -1 for as much as there is. */
  memorySwap: z.number().optional(),
});
export type ContainerLimits = z.infer<typeof ContainerLimits>;

/** A command that tells afterwards, run as the undo command was, whether the effect is gone. */
export const LookCommand = z.object({
  command: z.string(),
  timeLimitMs: z.number().positive(),
  goneWhen: z.enum(['succeeds', 'fails']),
});
export type LookCommand = z.infer<typeof LookCommand>;

export const UndoRecord = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('remove-toxic'), ...common, ...proxy, toxic: z.string() }),
  z.object({ kind: z.literal('enable-proxy'), ...common, ...proxy }),
  /** A proxy that the run made on somebody else's server, with whatever toxics are on it. */
  z.object({ kind: z.literal('remove-proxy'), ...common, ...proxy }),
  /** SIGCONT. */
  z.object({ kind: z.literal('continue-process'), ...common, process: ProcessIdentity }),
  /** The soft limit of open files, of the process and of the children that inherited the lowered one. */
  z.object({
    kind: z.literal('restore-fd-limit'),
    ...common,
    process: ProcessIdentity,
    /** What it was, in files. */
    soft: z.number().int().nonnegative(),
    /** Never changed; noted for whoever has to look. */
    hard: z.number().int().nonnegative(),
    lowered: z.number().int().nonnegative(),
  }),
  /**
   * Make sure that live, ready instances of a service are there again after an instant fault. `supervised`: Plimsoll's
   * own supervisor restarts them, and ends with the run. `watched`: somebody else does; wait for the addresses.
   * `command`: run it once if the addresses don't answer, then wait.
   */
  z.object({
    kind: z.literal('ensure-service'),
    ...common,
    service: z.string(),
    by: z.enum(['supervised', 'watched', 'command']),
    command: z.string().optional(),
    /** `host:port`s that must accept a connection. */
    addresses: z.array(z.string()),
  }),
  /** Run a command of the scenario, without a shell. That doing it twice does no harm is the command's own duty. */
  z.object({
    kind: z.literal('run-command'),
    ...common,
    command: z.string(),
    /** With its secrets: only its owner may read the journal. What is shown goes through `shownRecord`. */
    environment: z.record(z.string(), z.string()),
    directory: z.string(),
    /** `NAME=value` in the environment of the injecting command: it may still be at work when its run is dead. */
    injectMarker: z.string(),
    look: LookCommand.optional(),
  }),
  /** The same inside a container. */
  z.object({
    kind: z.literal('run-in-container'),
    ...common,
    container: z.string(),
    command: z.string(),
    environment: z.record(z.string(), z.string()),
    directory: z.string().optional(),
    user: z.string().optional(),
    /** `timeLimitMs` is longer: it may have to wait for the container, and for the engine. */
    commandLimitMs: z.number().positive(),
    /** The engine's id of the injecting command: it may still be at work when its run is dead. */
    injecting: z.string(),
    look: LookCommand.optional(),
  }),
  /** SIGKILL to a helper process that did harm as long as it lived. */
  z.object({ kind: z.literal('end-helper'), ...common, process: ProcessIdentity }),
  /** Containers are named by id, which never comes to another one. */
  z.object({ kind: z.literal('unpause-container'), ...common, container: z.string() }),
  /**
   * Make sure that it runs: started again unless somebody else did. Given `comesBackMs`, others have that long. Given
   * `settlesMs`, the engine may go on ending it for so long after the death of whoever ordered it.
   */
  z.object({
    kind: z.literal('start-container'),
    ...common,
    container: z.string(),
    comesBackMs: z.number().nonnegative().optional(),
    settlesMs: z.number().nonnegative().optional(),
  }),
  /** Attached to the network as it was. */
  z.object({
    kind: z.literal('connect-container'),
    ...common,
    container: z.string(),
    network: z.object({
      id: z.string(),
      aliases: z.array(z.string()),
      links: z.array(z.string()),
      fixedAddress: z.string().optional(),
    }),
  }),
  /**
   * The same for a part that is only about to be started: whoever dies between the start and the `end-group` record would
   * leave it behind for good. It is found by `NAME=value` in its environment, as the leader of a session of its own.
   */
  z.object({ kind: z.literal('end-marked'), ...common, marker: z.string(), label: z.string() }),
  /** What the engine let it use before. Never made tighter, so that limits on one container may be lifted in any order. */
  z.object({ kind: z.literal('restore-container-limits'), ...common, container: z.string(), limits: ContainerLimits }),
  /** SIGTERM to the group of a process that the run started, SIGKILL after one second. */
  z.object({ kind: z.literal('end-group'), ...common, process: ProcessIdentity, label: z.string() }),
]);
export type UndoRecord = z.infer<typeof UndoRecord>;

/**
 * What a run set up for itself, as against what it broke. It is taken down last: faults may need it to be undone, and
 * while only such records are owed nothing is broken any more.
 */
export function isOwnPart({ kind }: Pick<UndoRecord, 'kind'>): boolean {
  return isOwnProcess({ kind }) || kind === 'remove-proxy';
}

/** A process of the run's own: gone with its end, and no fault. */
export function isOwnProcess({ kind }: Pick<UndoRecord, 'kind'>): boolean {
  return kind === 'end-group' || kind === 'end-marked';
}

/** A record as it may stand in the event log and in reports: without secrets. */
export function shownRecord(record: UndoRecord): UndoRecord {
  if (record.kind !== 'run-command' && record.kind !== 'run-in-container') return record;
  const shown = {
    command: redact(record.command),
    environment: redactData(record.environment) as Record<string, string>,
  };
  if (!record.look) return { ...record, ...shown };
  return { ...record, ...shown, look: { ...record.look, command: redact(record.look.command) } };
}
