import { z } from 'zod';
import { positiveDurationMs, commandLine } from '../support/unit-schemas.js';

const Action = z.strictObject({
  run: commandLine.describe('Run without a shell, where the system is started; exit code 0 means done'),
  within: positiveDurationMs.default(60_000).describe('Ended with all that it started when it takes longer'),
  when: z
    .enum(['failed', 'not passed'])
    .default('failed')
    .describe('Act on what is proven broken alone, or also on what could not be shown to hold'),
});

/** What a gate does when SLOs break, by the severity of what broke. `info` never acts. */
export const OnBreach = z.strictObject({
  critical: Action.optional().describe('The roll-back: when the run fails'),
  warning: Action.optional().describe('The degrade: when an SLO of severity warning fails'),
});
