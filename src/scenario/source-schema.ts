import { z } from 'zod';
import { positiveDurationMs } from '../support/unit-schemas.js';
import { httpUrl } from './system-schema.js';

const names = z.union([z.string(), z.array(z.string()).min(1)], 'expected a name, or a list of names');

/** A text is compared whole, or is a regular expression between slashes. */
const expected = z.union(
  [z.string(), z.number(), z.boolean()],
  'expected a text, a /regular expression/, a number or true or false',
);
const match = z
  .record(z.string().min(1), expected)
  .refine((fields) => Object.keys(fields).length > 0, 'name at least one field')
  .describe(
    'Fields that a JSON line must have, nested ones as `err.type`: a text, a number, true or false, or `/a regular expression/`',
  );

export const PrometheusSource = z.strictObject({
  service: names.optional().describe('The services whose own `metrics` page is read, with `metric`'),
  metric: z
    .string()
    .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'is no name of a metric')
    .optional()
    .describe('Name of the metric; of a histogram without `_bucket`'),
  labels: z
    .record(z.string(), z.string())
    .optional()
    .describe('Only series with these labels; several are added up, of a gauge there must be one'),
  take: z
    .string()
    .regex(/^(value|rate|p\d{1,2}(\.\d+)?)$/, 'must be value, rate, or a percentile such as p99')
    .optional()
    .describe(
      'With `metric`: `value` of a gauge, `rate` of a counter per second, or a percentile of a histogram: `p99`',
    ),
  server: httpUrl.optional().describe('A Prometheus, with `query`'),
  query: z.string().min(1).optional().describe('PromQL that gives one number'),
  unit: z
    .enum(['seconds', 'ratio', 'per_second', 'number'])
    .optional()
    .describe('Of a value or a query; `number` unless the objective says otherwise. Objectives: 50ms, 5%, 10/s or 12'),
  better: z
    .enum(['lower', 'higher'])
    .optional()
    .describe('Without an objective: which way is good; `lower` unless said otherwise'),
  every: positiveDurationMs
    .optional()
    .describe(
      'How often there is a new value: the scrape interval of a Prometheus. 1s unless said otherwise; windows must be 20 times as long',
    ),
});

export const LogSource = z.strictObject({
  service: z
    .string()
    .optional()
    .describe('A service that Plimsoll runs (`process: { run }`); without it, what `system.start` prints'),
  file: z.string().min(1).optional().describe('Or a file that somebody else writes, relative to the system'),
  match,
  of: match.optional().describe('The lines that the share is taken of; without it, lines per second are judged'),
  better: z
    .enum(['lower', 'higher'])
    .optional()
    .describe('Without an objective: which way is good; `higher` unless said otherwise'),
});

export const ExitSource = z.strictObject({
  service: z.string().describe('The service whose processes a `process-terminate` asks to end'),
  code: z
    .union([z.number().int().min(0).max(255), z.literal('any')], 'expected an exit code, or `any`')
    .default(0)
    .describe('The exit code that says that all was put in order; `any` judges the time alone'),
});
