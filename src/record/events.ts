import { z } from 'zod';
import { Proof, TargetRef } from './proof.js';
import { OUTCOMES } from './outcomes.js';
import { SourceSample } from './source-sample.js';
import { UndoRecord } from './undo.js';

/** The version of the event format that this code writes; a reader accepts it and all older ones. */
export const EVENT_FORMAT_VERSION = 1;

export const PHASES = [
  'preparing',
  'warmup',
  'baseline',
  'checking',
  'injecting',
  'fault',
  'undoing',
  'recovery',
  'judging',
  'done',
] as const;
export type Phase = (typeof PHASES)[number];
export type WindowKind = 'baseline' | 'fault' | 'recovery';
const WindowName = z.enum(['baseline', 'fault', 'recovery']);

const StreamHeader = z.object({
  name: z.string(),
  model: z.enum(['open', 'closed']),
  ratePerSecond: z.number().optional(),
  arrivals: z.enum(['uniform', 'poisson']).optional(),
  users: z.number().optional(),
  requests: z.array(z.string()),
  deadlinesUs: z.array(z.number()),
});

const OutcomeCounts = z.partialRecord(z.enum(OUTCOMES), z.number());
/** Percentiles in seconds; null where nothing was counted. */
const Percentiles = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
});

const faultCommon = { fault: z.string(), faultType: z.string(), summary: z.string(), targets: z.array(TargetRef) };
const gateCommon = { severity: z.enum(['critical', 'warning']), because: z.array(z.string()), command: z.string() };
const undoCommon = { fault: z.string(), faultType: z.string() };

/**
 * The body of each event type. `v`, `seq` and `t` are added by the log writer: see `RunEvent`. Times in seconds from the
 * run's t0 unless the name says otherwise.
 */
export const EVENT_BODIES = {
  'run.started': z.object({
    runId: z.string(),
    /** ISO 8601, the only wall time of a run. */
    wallTime: z.string(),
    /** t0 on the machine's monotonic clock. */
    t0Us: z.number(),
    scenario: z.object({
      name: z.string(),
      description: z.string(),
      /** As given on the command line; empty when the scenario came from code. */
      file: z.string(),
      /** With secrets masked. */
      text: z.string(),
      sha256: z.string(),
    }),
    seed: z.number(),
    streams: z.array(StreamHeader),
    phases: z.object({ warmupS: z.number(), baselineS: z.number(), faultS: z.number(), recoveryS: z.number() }),
    /** Repetitions of baseline and fault, and how often the verdict may be looked at; absent: once each. */
    trials: z.number().optional(),
    looks: z.number().optional(),
    versions: z.record(z.string(), z.string()),
    host: z.object({
      platform: z.string(),
      release: z.string(),
      arch: z.string(),
      cpus: z.number(),
      cpuModel: z.string(),
      memoryBytes: z.number(),
    }),
    gitCommit: z.string().optional(),
    gitBranch: z.string().optional(),
    /** The command line that repeats this run. */
    commandLine: z.string(),
    /** A game day: people steer the faults. `blind`: the team does not see them until they are revealed. */
    gameDay: z.object({ script: z.boolean(), blind: z.boolean() }).optional(),
  }),
  'plan.resolved': z.object({
    /** `Slo[]` of `verdict/slo.ts`, checked where it is judged. */
    slos: z.array(z.unknown()),
    faults: z.array(
      z.object({
        id: z.string(),
        type: z.string(),
        title: z.string(),
        summary: z.string(),
        settings: z.record(z.string(), z.unknown()),
        duration: z.enum(['instant', 'lasting']),
        atS: z.number(),
        forS: z.number().optional(),
        proofOptional: z.boolean(),
        /** Comes when a person says so, as often as a person says so, or not at all. */
        byHand: z.boolean().optional(),
        targets: z.array(TargetRef),
        /** The undo in words. */
        undo: z.array(z.string()),
      }),
    ),
    invariants: z.array(z.object({ name: z.string(), expected: z.string() })),
    /** `BudgetPolicy` of `verdict/budget/policy.ts`, checked where it is judged. */
    budget: z.unknown().optional(),
    topology: z.object({
      services: z.array(z.object({ name: z.string(), detail: z.string() })),
      links: z.array(
        z.object({
          name: z.string(),
          from: z.string(),
          to: z.string(),
          listen: z.string(),
          upstream: z.string(),
          protocol: z.string(),
        }),
      ),
    }),
    /** What `plan` foresees for each SLO: see `verdict/power.ts`. */
    power: z.array(
      z.object({
        slo: z.string(),
        part: z.string(),
        planned: z.number(),
        needed: z.number().nullable(),
        smallestTolerance: z.string(),
        passChance: z.number().nullable(),
        sentence: z.string(),
      }),
    ),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })),
    /** What calibration knows of the noise, by SLO name: see `NoiseProfile`. Absent: nothing. */
    noise: z
      .record(
        z.string(),
        z.object({
          deffFloor: z.number().optional(),
          burstLengthS: z.number().optional(),
          betweenWindowsSd: z.number().optional(),
        }),
      )
      .optional(),
  }),
  'capacity.step': z.object({
    stream: z.string(),
    round: z.number(),
    connections: z.number(),
    /** Ok answers. */
    perSecond: z.number(),
  }),
  'capacity.measured': z.object({
    perSecond: z.number(),
    spread: z.number(),
    driverBound: z.boolean(),
    connections: z.number(),
    rounds: z.array(z.number()),
  }),
  'system.started': z.object({
    service: z.string(),
    pid: z.number(),
    group: z.number(),
    startTime: z.number(),
    command: z.string(),
    replica: z.number().optional(),
  }),
  'system.ready': z.object({ service: z.string(), afterS: z.number() }),
  'system.exited': z.object({
    service: z.string(),
    pid: z.number(),
    exitCode: z.number().nullable(),
    signal: z.string().nullable(),
    expected: z.boolean(),
    replica: z.number().optional(),
  }),
  'phase.started': z.object({ phase: z.enum(PHASES), trial: z.number(), plannedS: z.number().optional() }),
  /** `atUs`: the exact edge in microseconds from t0. */
  'window.opened': z.object({ window: WindowName, trial: z.number(), atUs: z.number() }),
  'window.closed': z.object({ window: WindowName, trial: z.number(), atUs: z.number() }),
  /**
   * One stream and second, keyed on due time. Written right after the second has passed, and once more with `final`
   * when the last of its arrivals has ended: the later one of a (stream, second) counts.
   */
  second: z.object({
    stream: z.string(),
    /** Seconds from t0; the second covers [second, second + 1). */
    second: z.number().int(),
    final: z.boolean(),
    scheduled: z.number(),
    outcomes: OutcomeCounts,
    /** Arrivals of this second that have not ended yet. */
    open: z.number(),
    responseOk: Percentiles,
    responseAll: Percentiles,
    service: Percentiles,
    schedulingLag: Percentiles,
    /** Requests in flight when the record was made. */
    inFlight: z.number(),
  }),
  /** A planned look at the verdict on the way; `decided` ends the run. */
  'look.taken': z.object({
    look: z.number(),
    of: z.number(),
    trials: z.number(),
    decided: z.boolean(),
    /** Planned time that is not needed any more. */
    savedS: z.number(),
    message: z.string(),
  }),
  'fault.requested': z.object({ ...faultCommon, window: WindowName.optional() }),
  'fault.injected': z.object(faultCommon),
  'fault.proven': z.object({ ...faultCommon, proof: Proof }),
  'fault.failed': z.object({ ...faultCommon, code: z.string(), message: z.string() }),
  'undo.requested': z.object({ ...undoCommon, records: z.array(UndoRecord) }),
  'undo.done': z.object({ ...undoCommon, record: z.string(), words: z.string(), alreadyDone: z.boolean() }),
  'undo.proven': z.object({ ...undoCommon, proof: Proof }),
  'undo.failed': z.object({
    ...undoCommon,
    record: z.string(),
    words: z.string(),
    byHand: z.string(),
    message: z.string(),
  }),
  'driver.health': z.object({
    driver: z.enum(['open', 'closed']),
    second: z.number().int(),
    schedulingLagP99Ms: z.number(),
    /** Arrivals issued in this second by their scheduling lag: the classes of `lag-ladder.ts`. */
    lagCounts: z.array(z.number()).optional(),
    eventLoopDelayP99Ms: z.number(),
    /** CPU time ÷ wall time of the driver process. */
    cpuShare: z.number(),
    /** Largest gap between two ticks beyond the planned one, ms: a suspended machine or a stopped process. */
    clockJumpMs: z.number(),
    /** EMFILE, EADDRNOTAVAIL, ENOBUFS in this second. */
    localLimitErrors: z.number(),
    rssBytes: z.number().optional(),
    /** The gate that broke, in words; absent while the driver is well. */
    invalid: z.string().optional(),
  }),
  /** What an indicator from elsewhere read; `source` is the one that its SLOs name, `atUs` microseconds from t0. */
  'source.sample': z.object({ source: z.string(), atUs: z.number(), sample: SourceSample }),
  'slo.breached': z.object({ slo: z.string(), value: z.number(), limit: z.number(), message: z.string() }),
  'slo.recovered': z.object({ slo: z.string(), value: z.number(), limit: z.number(), message: z.string() }),
  'stop.tripped': z.object({
    guard: z.string(),
    message: z.string(),
    figures: z.record(z.string(), z.number()),
    /** A statistical rule fired: that proves harm. */
    statistical: z.boolean().optional(),
  }),
  'invariant.checked': z.object({
    name: z.string(),
    held: z.boolean(),
    expected: z.string(),
    found: z.string(),
    message: z.string(),
  }),
  /** A gate acts on what broke, before the run is over: see `run/gate.ts`. */
  'gate.acting': z.object(gateCommon),
  'gate.acted': z.object({ ...gateCommon, done: z.boolean(), message: z.string() }),
  warning: z.object({ code: z.string(), message: z.string() }),
  /** What a person wrote down; `detected` and `mitigated` stop the clocks of a game day. */
  note: z.object({ who: z.string(), text: z.string(), kind: z.enum(['detected', 'mitigated']).optional() }),
  steer: z.object({ who: z.string(), action: z.string(), subject: z.string().optional() }),
  signal: z.object({ signal: z.string() }),
  error: z.object({ code: z.string(), message: z.string(), cause: z.string().optional() }),
  'run.ended': z.object({
    verdict: z.enum(['passed', 'failed', 'inconclusive', 'errored', 'aborted']),
    exitCode: z.number(),
    sentence: z.string(),
    ledger: z.array(z.object({ stream: z.string(), scheduled: z.number(), outcomes: OutcomeCounts })),
    cleanupProven: z.boolean(),
  }),
} as const;

export type EventType = keyof typeof EVENT_BODIES;
export type EventBody<T extends EventType> = z.infer<(typeof EVENT_BODIES)[T]>;
export type EventOf<T extends EventType> = { v: number; seq: number; t: number; type: T } & EventBody<T>;
/** One line of `events.ndjson`. `seq` counts from 1 without gaps; `t` is seconds from t0, microsecond resolution. */
export type RunEvent = { [T in EventType]: EventOf<T> }[EventType];
