import { z } from 'zod';

/**
 * One reading of an indicator that does not come from the arrivals, as it was found: counters as they stood, so that
 * whoever judges, also later and with other limits, sees restarts himself.
 */
export const SourceSample = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('value'), value: z.number() }),
  /** By series: `gateway shop_requests_total{route="GET /items"}`. */
  z.object({ kind: z.literal('counters'), counters: z.record(z.string(), z.number()) }),
  /** `counts` are cumulative up to each bound; the last one, without a bound, is the count of all. */
  z.object({
    kind: z.literal('histograms'),
    histograms: z.record(z.string(), z.object({ bounds: z.array(z.number()), counts: z.array(z.number()) })),
  }),
  /** Lines since the run began to read: those that match, and those that the share is taken of. */
  z.object({ kind: z.literal('lines'), matched: z.number(), of: z.number() }),
  /** Why there is no figure. */
  z.object({
    kind: z.literal('trouble'),
    code: z.enum(['missing', 'unreachable', 'unreadable', 'stale', 'not_a_number', 'several']),
    message: z.string(),
  }),
]);
export type SourceSample = z.infer<typeof SourceSample>;
