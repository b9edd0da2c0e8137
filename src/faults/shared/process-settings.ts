import { z } from 'zod';
import { commandLine, positiveDurationMs, share } from '../../support/unit-schemas.js';

/** Settings that process faults have in common. */
export const processSelection = {
  service: z.string().min(1).describe('The name of a service of the scenario that has a `process`'),
  count: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('How many of its processes are hit, drawn with the seed; 1 unless said otherwise'),
  share: share
    .refine((ratio) => ratio > 0, 'must be above 0%: a fault that hits no process is none')
    .optional()
    .describe('The share of its processes that are hit, rounded down, at least one'),
  allowAll: z
    .boolean()
    .default(false)
    .describe('May all processes of the service be hit? Without this, one always stays'),
};

/** Who brings the process back: exactly one of these, or Plimsoll itself for `process: { run, restart: always }`. */
export const wayBack = {
  comesBack: positiveDurationMs
    .optional()
    .describe(
      'Somebody else restarts it within this time (a supervisor, an orchestrator); Plimsoll watches that they do',
    ),
  restart: commandLine.optional().describe('A command that starts it again, run without a shell if nobody else did'),
};

export const SIGNALS = [
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGABRT',
  'SIGSEGV',
  'SIGUSR1',
  'SIGUSR2',
] as const;
