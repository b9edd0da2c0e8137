import { z } from 'zod';
import { OUTCOMES } from '../record/outcomes.js';
import { Proof, TargetRef } from '../record/proof.js';
import { AlertReplay } from '../verdict/budget/alerts.js';
import { BudgetJudgement } from '../verdict/budget/cost.js';
import { SloJudgement } from '../verdict/judgement.js';

/** The version of `result.json` that this code writes; older ones are migrated on reading (`migrate.ts`). */
export const RESULT_SCHEMA_VERSION = 1;

const RunVerdict = z.enum(['passed', 'failed', 'inconclusive', 'errored', 'aborted']);

const Counts = z.partialRecord(z.enum(OUTCOMES), z.number());
const nullableColumn = z.array(z.number().nullable());

/** What became of one fault, from the order to the proof of its undo. Times in seconds from t0; null: it did not happen. */
export const FaultResult = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string(),
  summary: z.string(),
  duration: z.enum(['instant', 'lasting']),
  settings: z.record(z.string(), z.unknown()),
  targets: z.array(TargetRef),
  requestedS: z.number().nullable(),
  injectedS: z.number().nullable(),
  provenS: z.number().nullable(),
  undoRequestedS: z.number().nullable(),
  undoDoneS: z.number().nullable(),
  undoProvenS: z.number().nullable(),
  proof: Proof.nullable(),
  undoProof: Proof.nullable(),
  undo: z.array(
    z.object({
      id: z.string(),
      words: z.string(),
      byHand: z.string(),
      state: z.enum(['pending', 'done', 'already_done', 'failed']),
      message: z.string().optional(),
    }),
  ),
  /** When it was ordered more than once: each time, from the order to the proof of its undo (null: not proven). */
  acts: z.array(z.object({ fromS: z.number(), toS: z.number().nullable() })).optional(),
  /** Of an instant fault: the requests that were in flight when it was ordered, and how many of them got no answer. */
  inFlight: z.object({ requests: z.number(), lost: z.number() }).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type FaultResult = z.infer<typeof FaultResult>;

/** One stream, second by second, as columns; position k is second `fromS + k`. Keyed on due time; times in seconds. */
export const Series = z.object({
  stream: z.string(),
  model: z.enum(['open', 'closed']),
  fromS: z.number(),
  scheduled: z.array(z.number()),
  ok: z.array(z.number()),
  /** One column for each outcome that occurred, `ok` included. */
  outcomes: z.partialRecord(z.enum(OUTCOMES), z.array(z.number())),
  /** Over all arrivals, failures at their recorded time. */
  p50S: nullableColumn,
  p95S: nullableColumn,
  p99S: nullableColumn,
  maxS: nullableColumn,
});
export type Series = z.infer<typeof Series>;

export const LedgerRow = z.object({
  stream: z.string(),
  /** Absent: all requests of the stream. */
  request: z.string().optional(),
  /** `run`: everything; `none`: arrivals that belong to no window. */
  window: z.enum(['run', 'baseline', 'fault', 'recovery', 'none']),
  scheduled: z.number(),
  outcomes: Counts,
});
export type LedgerRow = z.infer<typeof LedgerRow>;

/** A game day's people: what they did and wrote, and their clocks. Times in seconds from t0; null: it did not happen. */
export const GameDay = z.object({
  blind: z.boolean(),
  /** When what was hidden was shown; null: never, or nothing was hidden. */
  revealedS: z.number().nullable(),
  responses: z.array(
    z.object({
      fault: z.string(),
      injectedS: z.number(),
      /** The first note or alert after the injection, and whose it was. */
      detectedS: z.number().nullable(),
      detectedBy: z.string(),
      /** When it was lifted by a person, called mitigated, or the service levels were back; and by whom. */
      mitigatedS: z.number().nullable(),
      mitigatedBy: z.string(),
    }),
  ),
  notes: z.array(
    z.object({ atS: z.number(), who: z.string(), text: z.string(), kind: z.enum(['note', 'detected', 'mitigated']) }),
  ),
  steps: z.array(z.object({ atS: z.number(), who: z.string(), action: z.string(), subject: z.string().optional() })),
});
export type GameDay = z.infer<typeof GameDay>;

/** The product: one document from which every report is made. Durations in seconds, ratios as numbers, never percent. */
export const RunResult = z.object({
  schema: z.literal(RESULT_SCHEMA_VERSION),
  run: z.object({
    id: z.string(),
    scenario: z.object({
      name: z.string(),
      description: z.string(),
      file: z.string(),
      text: z.string(),
      sha256: z.string(),
    }),
    seed: z.number(),
    /** ISO 8601. */
    startedAt: z.string(),
    durationS: z.number(),
    /** False when the run was killed: what follows is what its logs still tell. */
    complete: z.boolean(),
    environment: z.object({
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
      commandLine: z.string(),
    }),
  }),
  verdict: RunVerdict,
  exitCode: z.number().int(),
  /** Why, for people, with numbers. */
  sentence: z.string(),
  /** Is everything that was broken put back, and proven so? */
  cleanup: z.object({ proven: z.boolean(), sentence: z.string(), byHand: z.array(z.string()) }),
  slos: z.array(SloJudgement),
  /** What the run cost, or would cost in production; absent where the scenario has no `budget`. */
  budget: BudgetJudgement.optional(),
  /** What alerts on the burn rate would have done; absent without a `budget`. */
  alerts: z.array(AlertReplay).optional(),
  invariants: z.array(
    z.object({
      name: z.string(),
      held: z.boolean().nullable(),
      expected: z.string(),
      found: z.string(),
      message: z.string(),
    }),
  ),
  /** What a gate did about what broke; absent where it had nothing to do. `done` is null where it was cut short. */
  gate: z
    .array(
      z.object({
        severity: z.enum(['critical', 'warning']),
        because: z.array(z.string()),
        command: z.string(),
        done: z.boolean().nullable(),
        message: z.string(),
      }),
    )
    .optional(),
  faults: z.array(FaultResult),
  phases: z.array(z.object({ phase: z.string(), trial: z.number(), startS: z.number(), endS: z.number() })),
  windows: z.array(
    z.object({
      window: z.enum(['baseline', 'fault', 'recovery']),
      trial: z.number(),
      startS: z.number(),
      endS: z.number(),
    }),
  ),
  ledger: z.array(LedgerRow),
  series: z.array(Series),
  /** Response time at a ladder of quantiles, per window and stream; seconds, null: not reached (failures rank above). */
  distribution: z.array(
    z.object({
      window: z.enum(['baseline', 'fault', 'recovery']),
      stream: z.string(),
      quantiles: z.array(z.number()),
      allS: nullableColumn,
      okS: nullableColumn,
    }),
  ),
  samples: z.array(
    z.object({
      kind: z.enum(['slowest', 'failed']),
      stream: z.string(),
      request: z.string(),
      dueS: z.number(),
      responseS: z.number(),
      status: z.number(),
      outcome: z.enum(OUTCOMES),
      window: z.enum(['baseline', 'fault', 'recovery', 'none']),
      traceId: z.string().optional(),
    }),
  ),
  /** The load driver's own health, second by second, as columns. */
  health: z.array(
    z.object({
      driver: z.enum(['open', 'closed']),
      fromS: z.number(),
      schedulingLagP99Ms: nullableColumn,
      eventLoopDelayP99Ms: nullableColumn,
      cpuShare: nullableColumn,
      invalid: z.array(z.object({ second: z.number(), reason: z.string() })),
    }),
  ),
  capacity: z
    .object({
      perSecond: z.number(),
      spread: z.number(),
      driverBound: z.boolean(),
      connections: z.number(),
      rounds: z.array(z.number()),
    })
    .nullable(),
  /** Who did what on a game day, and how long the team took; absent for other runs. */
  gameDay: GameDay.optional(),
  /** Times at which live limits were passed and kept again: indications, never the verdict. */
  marks: z.array(
    z.object({
      kind: z.enum(['breached', 'recovered', 'stop']),
      atS: z.number(),
      subject: z.string(),
      message: z.string(),
    }),
  ),
  /** Time to impact, and to recovery from the injection and from the proven undo; null: not seen. */
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
  /** Looks at the verdict on the way (`decideEarly`); absent where there were none. */
  looks: z
    .array(
      z.object({
        look: z.number(),
        of: z.number(),
        /** Trials done by then, and planned in all. */
        trials: z.number(),
        plannedTrials: z.number(),
        decided: z.boolean(),
        /** Planned time that was not needed any more. */
        savedS: z.number(),
      }),
    )
    .optional(),
  evidence: z.array(z.object({ file: z.string(), what: z.string() })),
  /** The event log without its per-second lines, for reading. */
  events: z.array(z.object({ t: z.number(), type: z.string(), text: z.string() })),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type RunResult = z.infer<typeof RunResult>;
