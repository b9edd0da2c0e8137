import { z } from 'zod';
import { durationMs, positiveDurationMs, share } from '../support/unit-schemas.js';
import { parseDurationMs, parseShare } from '../support/units.js';

const SUFFIXES: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, B: 1e9 };

/** `50M`, `250k`, `1200000`. */
const eventCount = z
  .union([z.string(), z.number()], 'expected a number of events, such as 50M')
  .meta({ examples: ['50M', '250k'] })
  .transform((given, context): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([kKMGB]?)$/.exec(String(given).trim());
    const count = Number(match?.[1]) * (SUFFIXES[match?.[2] ?? ''] ?? NaN);
    if (match && count > 0) return count;
    context.addIssue({
      code: 'custom',
      message: `"${given}" is not a number of events; write a number above zero, such as 50M or 250k`,
      input: given,
    });
    return z.NEVER;
  });

/** `5%/h`, or `off`. A share of the budget in an hour; null for `off`. */
const abortRule = z
  .string('expected a share of the budget in an hour, such as 5%/h, or off')
  .meta({ examples: ['5%/h', 'off'] })
  .transform((text, context): number | null => {
    if (text.trim() === 'off') return null;
    const match = /^(.*?)\s*\/\s*h$/.exec(text.trim());
    const parsed = match ? parseShare(match[1] ?? '') : undefined;
    if (parsed?.ok && parsed.value > 0) return parsed.value;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not an abort rule; write a share of the budget in an hour, such as 5%/h, or off`,
      input: text,
    });
    return z.NEVER;
  });

const rolling = z
  .string('expected a duration such as 30d, or { calendar: month }')
  .describe('Rolling: the last so many days')
  .meta({ examples: ['30d', '7d'] })
  .transform((text, context): number => {
    const parsed = parseDurationMs(text);
    if (parsed.ok && parsed.value >= 3.6e6) return parsed.value;
    context.addIssue({
      code: 'custom',
      message: parsed.ok ? `a budget over "${text}" is too short; write at least 1h, such as 30d` : parsed.problem,
      input: text,
    });
    return z.NEVER;
  });

const calendar = z.strictObject({
  calendar: z.enum(['day', 'week', 'month', 'quarter', 'year']).describe('It begins anew with each of these'),
  count: z.number().int().min(1).max(100).optional().describe('With each so many of these; 1 unless said otherwise'),
  timeZone: z.string().optional().describe('Where the calendar hangs: Europe/Berlin; UTC unless said otherwise'),
  start: z
    .string()
    .optional()
    .describe(
      'Local time at which some period began: 2024-01-01T00:00:00; the first of the month unless said otherwise',
    ),
});

export const Budget = z.strictObject({
  name: z.string().min(1).optional().describe("Its name in the ledger; the scenario's unless said otherwise"),
  objective: share.describe('The share of events that must be good: 99.9%'),
  window: z
    .union([rolling, calendar], 'expected a duration such as 30d, or { calendar: month, timeZone: Europe/Berlin }')
    .prefault('30d')
    .describe('Over which time it is spent: rolling (30d) or with the calendar'),
  events: eventCount.optional().describe('How many events the window holds in production; needed there'),
  environment: z
    .enum(['test', 'production'])
    .default('test')
    .describe('test: the cost is a projection and spends nothing. production: what the run breaks is spent'),
  method: z
    .enum(['occurrences', 'timeslices', 'ratio-timeslices'])
    .default('occurrences')
    .describe('Are bad events counted, bad slices of time, or the mean bad share of slices?'),
  slice: positiveDurationMs.optional().describe('Length of a time slice; 1m unless said otherwise'),
  sliceTarget: share.optional().describe('A slice is bad when fewer are good; the objective unless said otherwise'),
  emptySlice: z.enum(['good', 'bad', 'skip']).default('skip').describe('What a slice without any event is'),
  stream: z.string().optional().describe('Only this stream; without stream and request: all open-model streams'),
  request: z.string().optional().describe('Only this request'),
  trafficWeight: z
    .number()
    .positive()
    .default(1)
    .describe('In a test: traffic in the hour that is meant, divided by the mean traffic'),
  incident: durationMs
    .optional()
    .describe('In a test: how long such an incident lasts in production; as long as in the run unless said otherwise'),
  abort: abortRule
    .optional()
    .describe('The run ends when the budget burns faster than this; 5%/h unless said otherwise, where that can fire'),
  review: share.prefault('70%').describe('When so much is spent, a run in production needs a review'),
  reserve: share.prefault('30%').describe('A run in production that could leave less than this does not start'),
  minEvents: z.number().int().min(0).default(5).describe('An alert needs so many bad events in its short window'),
  ledger: z
    .string()
    .min(1)
    .optional()
    .describe('The file that the costs of runs are written to: see `plimsoll budget`'),
});
export type BudgetDocument = z.output<typeof Budget>;
