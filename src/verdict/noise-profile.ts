import { z } from 'zod';

/** What calibration found of one SLO's indicator while nothing was broken. */
export const SloNoise = z.strictObject({
  indicator: z.string(),
  /** Design effect over all windows together: what `D` is at least. */
  designEffect: z.number().min(1),
  /** Mean lag-1 autocorrelation of the batches. */
  rho: z.number(),
  /** Mean length of an error burst in seconds; null: errors came one by one. */
  burstLengthS: z.number().positive().nullable(),
  /** Error episodes (bad seconds less than 3 s apart are one) an hour, and bad arrivals in a mean one. Shares only. */
  episodesPerHour: z.number().nullable(),
  episodeSize: z.number().nullable(),
  /** Standard deviation between windows beyond their own noise: of a share, of ln(quantile) or of ln(goodput). */
  betweenWindowsSd: z.number().nonnegative(),
  /** The mean over the windows: bad share, seconds, or good answers a second. */
  level: z.number().nullable(),
  /** Standard error of one window's share, ln(quantile) or ln(goodput), and its arrivals: what `plan` reckons with. */
  windowSe: z.number().nonnegative().nullable(),
  windowArrivals: z.number().nonnegative(),
  /** Of resampled pairs of windows, with nothing broken: how many failed, and how many by the point estimate alone. */
  falseAlarms: z.strictObject({
    pairs: z.number(),
    failed: z.number(),
    passed: z.number(),
    pointRuleFailed: z.number(),
  }),
});
export type SloNoise = z.infer<typeof SloNoise>;

/** The noise of a system, written by `plimsoll calibrate`. */
export const NoiseProfileFile = z.strictObject({
  plimsollNoise: z.literal(1),
  scenario: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Processors, as "2 × model". */
  machine: z.string(),
  /** Arrivals a second, or users, by stream. */
  load: z.record(z.string(), z.number()),
  windowS: z.number(),
  windows: z.number(),
  /** By SLO name. */
  slos: z.record(z.string(), SloNoise),
});
export type NoiseProfileFile = z.infer<typeof NoiseProfileFile>;
