import { z } from 'zod';
import { commandLine, positiveDurationMs, share } from '../support/unit-schemas.js';
import { INDICATOR_FORMS } from './indicator-text.js';
import { ExitSource, LogSource, PrometheusSource } from './source-schema.js';

const text = (what: string) => z.string(`expected ${what}`);

export const SloEntry = z.strictObject({
  name: z.string().min(1).describe('Unique'),
  indicator: z.string().describe(`What is measured: ${INDICATOR_FORMS}`),
  prometheus: PrometheusSource.optional().describe('With `indicator: prometheus`: which metric, and where it is read'),
  log: LogSource.optional().describe('With `indicator: log`: which lines, and where they are read'),
  exit: ExitSource.optional().describe('With `indicator: exit`: whose exit'),
  stream: z.string().optional().describe('Only this stream; without stream and request: all open-model streams'),
  request: z.string().optional().describe('Only this request'),
  objective: text('a limit in quotes, such as ">= 99.9%"')
    .optional()
    .describe('An absolute limit under fault: ">= 99.9%", "<= 250ms"'),
  during: z.enum(['fault', 'recovery', 'all']).default('fault').describe('Which window the objective is about'),
  tolerance: z
    .union(
      [text('a tolerance'), z.array(z.string()).min(2)],
      'expected a tolerance with its unit: 0.02pp (percentage points), 10% (of the baseline) or 5ms',
    )
    .optional()
    .describe('How far it may drift from the baseline: 0.02pp (percentage points), 10% (of the baseline), 5ms'),
  combine: z.enum(['any', 'all']).optional().describe('With several tolerances: is one kept enough, or must all be?'),
  recoverWithin: positiveDurationMs
    .optional()
    .describe(
      'How soon it must be well again: after the undo for lasting faults, after the injection for instant ones',
    ),
  severity: z
    .enum(['critical', 'warning', 'info'])
    .default('critical')
    .describe('critical decides; warning is judged and shown; info is only shown'),
  direction: z
    .enum(['worse', 'both'])
    .default('worse')
    .describe('Is only a drift for the worse judged, or also one for the better?'),
  confidence: share.optional().describe('95% unless said otherwise'),
  population: z
    .enum(['all', 'ok'])
    .default('all')
    .describe('Latency percentiles: over all requests (a failure ranks above every good answer), or the good ones'),
  minClusterSize: z.number().min(1).default(1).describe('Failures are known to come in clusters of at least so many'),
});

export const Invariant = z.strictObject({
  name: z.string().min(1),
  command: commandLine.describe('Run after the recovery, without a shell; must exit with 0'),
  equals: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Values that the last line of its output, as JSON, must hold'),
  timeLimit: positiveDurationMs.optional().describe('30s unless said otherwise'),
});
