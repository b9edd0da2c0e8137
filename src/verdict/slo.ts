import { z } from 'zod';

/** What is measured. `request` and `stream` narrow it; without them it means all open-model streams. */
export const Indicator = z.discriminatedUnion('type', [
  /** ok ÷ scheduled. */
  z.object({ type: z.literal('availability') }),
  /** not ok ÷ scheduled. */
  z.object({ type: z.literal('error-rate') }),
  /** Share of scheduled arrivals that were answered with this status. */
  z.object({ type: z.literal('status'), status: z.number().int().min(100).max(599) }),
  /** Response time at a quantile, e.g. 0.95. `all`: an arrival that is not ok ranks above every ok one. */
  z.object({ type: z.literal('latency'), quantile: z.number().gt(0).lt(1), population: z.enum(['all', 'ok']) }),
  /** Share of scheduled arrivals that were ok within the limit. */
  z.object({ type: z.literal('latency-under'), limitS: z.number().positive() }),
  /** Goodput: ok per second, keyed on due. */
  z.object({ type: z.literal('throughput') }),
  /**
   * A metric that the system exports. `source` names what was recorded. `percentile`: of a histogram of seconds; `rate`: of a
   * counter, per second; `value`: of a gauge or a query.
   */
  z.object({
    type: z.literal('prometheus'),
    source: z.string(),
    take: z.enum(['percentile', 'rate', 'value']),
    quantile: z.number().gt(0).lt(1),
    unit: z.enum(['ratio', 'seconds', 'per_second', 'number']),
    better: z.enum(['lower', 'higher']),
    everyS: z.number().positive(),
  }),
  /** Matching lines of a structured log: as a share of others, or per second. */
  z.object({
    type: z.literal('log'),
    source: z.string(),
    take: z.enum(['share', 'rate']),
    better: z.enum(['lower', 'higher']),
  }),
  /** How the processes of a service end that are asked to. `source`: the service. */
  z.object({ type: z.literal('exit'), source: z.string(), code: z.union([z.number().int(), z.literal('any')]) }),
]);
export type Indicator = z.infer<typeof Indicator>;

/** `0.02pp` → points 0.0002. `10%` → relative 0.1. `5ms` → seconds 0.005. */
export const Tolerance = z.discriminatedUnion('type', [
  z.object({ type: z.literal('points'), value: z.number().positive() }),
  z.object({ type: z.literal('relative'), value: z.number().positive() }),
  z.object({ type: z.literal('seconds'), value: z.number().positive() }),
]);
export type Tolerance = z.infer<typeof Tolerance>;

export const Objective = z.object({
  op: z.enum(['>=', '<=']),
  /** Ratio, seconds, or per second: the indicator's own unit. */
  value: z.number().nonnegative(),
  during: z.enum(['fault', 'recovery', 'all']).default('fault'),
});
export type Objective = z.infer<typeof Objective>;

/** A service-level objective as it is judged: units resolved, defaults filled in. */
export const Slo = z.object({
  name: z.string(),
  indicator: Indicator,
  /** As the user wrote it: "latency p95". */
  indicatorText: z.string(),
  stream: z.string().optional(),
  request: z.string().optional(),
  severity: z.enum(['critical', 'warning', 'info']),
  objective: Objective.optional(),
  objectiveText: z.string().optional(),
  tolerances: z.array(Tolerance),
  toleranceText: z.string().optional(),
  /** With several tolerances: `any` one of them kept is enough, or `all` must be. */
  combine: z.enum(['any', 'all']),
  recoverWithinS: z.number().positive().optional(),
  direction: z.enum(['worse', 'both']),
  /** 0.95 means 5 % a side. */
  confidence: z.number().gt(0.5).lt(1),
  /** Failures are known to come in clusters of at least this many. */
  minClusterSize: z.number().min(1),
});
export type Slo = z.infer<typeof Slo>;
