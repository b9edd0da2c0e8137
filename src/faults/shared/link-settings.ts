import { z } from 'zod';
import { positiveDurationMs, share } from '../../support/unit-schemas.js';

/** Settings that link faults have in common. */
export const link = z.string().min(1).describe('The name of a link of the scenario');

export const direction = z
  .enum(['downstream', 'upstream'])
  .default('downstream')
  .describe('Which way is hurt: downstream, the answers to whoever dialled; upstream, what is sent to the service');

export const connectionShare = share
  .refine((ratio) => ratio > 0, 'must be above 0%: a fault that hits no connection is none')
  .default(1)
  .describe(
    'The share of connections that are hurt, drawn for each connection and direction; all unless said otherwise',
  );

/** A time that Toxiproxy takes: whole milliseconds, at most one hour. */
export const toxicMs = positiveDurationMs
  .refine((ms) => ms <= 3_600_000, 'must be at most 1h')
  .refine((ms) => ms >= 1, 'must be at least 1ms: Toxiproxy counts in whole milliseconds');

export const ending = z
  .enum(['reset', 'close'])
  .default('reset')
  .describe('How the connection ends: reset (TCP RST), as from a crash, or close (FIN), as from an orderly end');
