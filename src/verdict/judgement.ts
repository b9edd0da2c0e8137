import { z } from 'zod';

/** Why a verdict could not be reached (all but the warnings force `inconclusive`), or what to know about it. */
export const REASON_CODES = [
  'no_data',
  'underpowered',
  'window_too_short',
  'autocorrelated',
  'few_episodes',
  'load_mismatch',
  'baseline_unhealthy',
  'fault_unconfirmed',
  'generator_saturated',
  'tolerance_below_resolution',
  'quantile_not_estimable',
  'no_events',
  'stopped_early',
  'mixed_trials',
  'multiplicity',
  'link_traffic_unverified',
  'undo_unproven',
  'source_unreadable',
  'stale_data',
  'not_a_number',
  'exit_unknown',
] as const;
export const WARNING_CODES = [
  'improved_under_fault',
  'tolerance_looser_than_slo',
  'provisional',
  'carry_over',
  'recovery_methods_differ',
  'survivor_bias',
  'closed_model',
  'recovered_then_relapsed',
] as const;

export const Reason = z.object({
  code: z.enum([...REASON_CODES, ...WARNING_CODES]),
  /** Which window it is about. */
  window: z.string().optional(),
  observed: z.string().optional(),
  required: z.string().optional(),
  /** In words, for people. */
  message: z.string(),
  /** The next step. */
  hint: z.string().optional(),
});
export type Reason = z.infer<typeof Reason>;

export const SloVerdict = z.enum(['passed', 'failed', 'inconclusive']);
export type SloVerdict = z.infer<typeof SloVerdict>;

/** An estimate with its interval, in the indicator's own unit (ratio, seconds, per second). `null` upper end: unbounded. */
export const Estimate = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});
export type Estimate = z.infer<typeof Estimate>;

/** One of the up to three parts of an SLO, with everything that a statistician would ask for. */
export const PartJudgement = z.object({
  part: z.enum(['objective', 'tolerance', 'recovery']),
  verdict: SloVerdict,
  reasons: z.array(Reason),
  warnings: z.array(Reason),
  /** objective: the value; tolerance: the drift in the bad direction; recovery: seconds to recover. */
  estimate: Estimate,
  /** What the estimate is held against, in the same unit: M, δ or R. */
  limit: z.number(),
  /** `ratio` (of 1), `seconds`, `per_second`, `number` (no unit), or `relative` (a drift as a share of the baseline). */
  unit: z.enum(['ratio', 'seconds', 'per_second', 'number', 'relative']),
  /** "score test", "MOVER on order statistics", "Clopper–Pearson" … */
  method: z.string(),
  /** Arrivals that the part was judged on: baseline and fault (absent where a window plays no role). */
  n: z.object({ baseline: z.number().optional(), fault: z.number().optional() }),
  /** Design effect with the autocorrelation's share (D), and what is left of n. */
  designEffect: z.number().nullable(),
  nEffective: z.number().nullable(),
  rho: z.number().nullable(),
  df: z.number().nullable(),
  k: z.number().nullable(),
  /** Chance to pass if there is no drift, given this much data. */
  power: z.number().nullable(),
  smallestTolerance: z.number().nullable(),
  assumptions: z.array(z.string()),
  /** Recovery only, seconds; null: not seen. `impactS` and `fromFaultS` count from the injection, `fromUndoS` from the proven undo. */
  recovery: z
    .object({
      impactS: z.number().nullable(),
      fromFaultS: z.number().nullable(),
      fromUndoS: z.number().nullable(),
      observedS: z.number(),
      bucketS: z.number(),
      relapses: z.number(),
    })
    .optional(),
  /** Repeated trials: the drift of each in the bad direction, in the unit of `estimate`, and what they say together. */
  trials: z
    .object({
      drifts: z.array(
        z.object({
          trial: z.number(),
          drift: z.number().nullable(),
          /** Its interval from within its own two windows; null: unbounded. Absent in old results. */
          low: z.number().nullable().optional(),
          high: z.number().nullable().optional(),
        }),
      ),
      /** Mean with its interval between trials. */
      mean: Estimate,
      /** Share of the variation between trials that is more than their own noise (I²). */
      heterogeneity: z.number(),
      /** Where a single fault to come would lie. */
      prediction: Estimate,
    })
    .optional(),
  /** For people, with numbers: "rose from 41 to 236 ms (+195 ms, 95 % sure of at least +188; tolerance +50 ms)". */
  sentence: z.string(),
});
export type PartJudgement = z.infer<typeof PartJudgement>;

export const SloJudgement = z.object({
  name: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  indicatorText: z.string(),
  objectiveText: z.string().optional(),
  toleranceText: z.string().optional(),
  recoverWithinS: z.number().optional(),
  stream: z.string().optional(),
  request: z.string().optional(),
  unit: z.enum(['ratio', 'seconds', 'per_second', 'number']),
  /** Which way the indicator goes when it gets worse: a drift of a `tolerance` part is counted in this direction. Absent in old results. */
  worse: z.enum(['up', 'down']).optional(),
  verdict: SloVerdict,
  /** Reasons and warnings of all parts, each once. */
  reasons: z.array(Reason),
  warnings: z.array(Reason),
  /** Point estimate and interval per window, for the table. */
  windows: z.object({ baseline: Estimate.optional(), fault: Estimate.optional(), recovery: Estimate.optional() }),
  parts: z.array(PartJudgement),
  sentence: z.string(),
});
export type SloJudgement = z.infer<typeof SloJudgement>;

/** What judging returns. */
export interface Judgement {
  slos: SloJudgement[];
}
