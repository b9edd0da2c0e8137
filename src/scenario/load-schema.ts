import { z } from 'zod';
import { commandLine, positiveDurationMs, share } from '../support/unit-schemas.js';
import { parseDurationMs, parseRatePerSecond, parseShare } from '../support/units.js';
import { httpUrl, NAME } from './system-schema.js';

/** `250/s`, or `60% of capacity`, measured first. */
const rate = z
  .string('expected a rate with its unit, such as 250/s')
  .describe(
    'Requests per second or minute (`250/s`), or a share of what the system can carry (`60% of capacity`), measured before the run',
  )
  .meta({ examples: ['250/s', '60% of capacity'] })
  .transform((text, context): { perSecond: number } | { capacityShare: number } => {
    const capacity = /^(.*)\s+of\s+capacity$/.exec(text.trim());
    const parsed = capacity ? parseShare(capacity[1] ?? '') : parseRatePerSecond(text);
    if (parsed.ok && parsed.value > 0) return capacity ? { capacityShare: parsed.value } : { perSecond: parsed.value };
    context.addIssue({
      code: 'custom',
      message: parsed.ok ? `"${text}" is zero; it must be above zero` : parsed.problem,
      input: text,
    });
    return z.NEVER;
  });

/** `1s`, or `1s..3s`. */
const think = z
  .string('expected a duration, such as 100ms or 1s..3s')
  .describe('How long a user waits after an answer before the next request: a duration, or a range')
  .meta({ examples: ['100ms', '1s..3s'] })
  .transform((text, context) => {
    const [low, high = low] = text.split('..').map((part) => parseDurationMs(part));
    if (low?.ok && high?.ok && low.value <= high.value && text.split('..').length <= 2)
      return { min: low.value, max: high.value };
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a think time; write a duration such as 100ms, or a range such as 1s..3s`,
      input: text,
    });
    return z.NEVER;
  });

/** `2xx`, `404`, `200-299`, or a list of these; inclusive ranges. */
const status = z.union([z.string(), z.number()]).transform((given, context): [number, number] => {
  const text = String(given).trim();
  const family = /^([1-5])xx$/i.exec(text);
  if (family) return [Number(family[1]) * 100, Number(family[1]) * 100 + 99];
  const range = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text);
  const low = Number(range?.[1]);
  const high = Number(range?.[2] ?? range?.[1]);
  if (range && low <= high) return [low, high];
  context.addIssue({ code: 'custom', message: `"${text}" is not a status; write 2xx, 404 or 200-299`, input: given });
  return z.NEVER;
});

const FORBIDDEN_HEADERS = ['content-length', 'transfer-encoding', 'connection', 'host'];
const headers = z
  .record(z.string(), z.union([z.string(), z.number()]).transform(String))
  .describe('Request headers')
  .superRefine((all, context) => {
    for (const [name, value] of Object.entries(all)) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
        context.addIssue({ code: 'custom', path: [name], message: `"${name}" is not a header name` });
      else if (FORBIDDEN_HEADERS.includes(name.toLowerCase()))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `the header ${name} is set by the load driver itself`,
        });
      if (Array.from(value).some((character) => character !== '\t' && (character < ' ' || character === '\u007f')))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `the value of ${name} holds characters that no header may hold`,
        });
    }
  });

const Request = z
  .strictObject({
    name: z.string().min(1).describe('Unique over all streams; SLOs refer to it'),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
    url: z
      .string()
      .min(1)
      .optional()
      .describe('`http://…`, `https://…` or `unix:/socket:/path`; may hold {{names}} of `data`'),
    service: z.string().optional().describe('With `path`: the service whose `url` it is under'),
    path: z.string().startsWith('/').optional().describe('With `service`: the path under its url'),
    headers: headers.optional(),
    body: z
      .strictObject({
        json: z.unknown().optional().describe('Sent as JSON, with its content type'),
        text: z.string().optional(),
        base64: z.string().optional(),
        file: z.string().optional().describe('A file whose bytes are sent'),
      })
      .refine((body) => Object.keys(body).length === 1, 'a body is exactly one of json, text, base64 or file')
      .optional(),
    weight: z.number().min(0).default(1).describe('How often, in relation to the other requests of the stream'),
    deadline: positiveDurationMs
      .optional()
      .describe('The longest that a caller waits, counted from when the request was due'),
    expect: z
      .strictObject({
        status: z
          .union([status, z.array(status).min(1)])
          .optional()
          .describe('Good answers; 2xx unless said otherwise'),
        body: z
          .strictObject({
            contains: z.string().min(1).optional(),
            json: z
              .record(z.string(), z.unknown())
              .optional()
              .describe('Path (`a.b.0`) → the value that must be there'),
          })
          .optional(),
      })
      .optional()
      .describe('What makes an answer good'),
  })
  .refine(
    (request) => (request.url === undefined) !== (request.path === undefined),
    'a request has either `url`, or `service` and `path`',
  )
  .refine(
    (request) => (request.path === undefined) === (request.service === undefined),
    '`path` and `service` go together',
  );

const Data = z.union(
  [
    z.strictObject({
      int: z
        .strictObject({ min: z.number().int(), max: z.number().int() })
        .refine(({ min, max }) => min <= max, '`min` is above `max`'),
    }),
    z.strictObject({ pick: z.array(z.union([z.string(), z.number()]).transform(String)).min(1) }),
    z.strictObject({ uuid: z.literal(true) }),
    z.strictObject({ sequence: z.strictObject({ start: z.number().int().default(0) }) }),
    z.strictObject({
      csv: z.strictObject({
        file: z.string().min(1),
        column: z.string().min(1),
        order: z.enum(['sequential', 'random']).default('sequential'),
      }),
    }),
  ],
  'a value comes from exactly one of: int: { min, max }, pick: [ … ], uuid: true, sequence: { start }, csv: { file, column, order }',
);

export const Stream = z.strictObject({
  rate: rate.optional(),
  users: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Closed model: so many users, each of whom waits for its answer'),
  arrivals: z
    .enum(['uniform', 'poisson'])
    .optional()
    .describe('Open model: evenly spaced (default), or as independent people arrive'),
  deadline: positiveDurationMs
    .optional()
    .describe('The longest that a caller waits, from when the request was due; 5s unless said otherwise'),
  connections: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Open model: connections per origin; 50 unless said otherwise'),
  inFlight: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'Open model: the most requests in flight; beyond it they are `dropped`. 2 × rate × deadline unless said otherwise',
    ),
  think: think.optional(),
  requests: z
    .array(Request)
    .min(1, 'a stream needs at least one request')
    .max(255, 'a stream has at most 255 requests'),
  data: z.record(NAME, Data).optional().describe('Where {{names}} in urls, headers and bodies come from'),
  tracing: z.enum(['on', 'off']).optional().describe('Send `traceparent` with each request; on unless said otherwise'),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('File with the certificate authority'),
      cert: z.string().optional().describe('File with the client certificate'),
      key: z.string().optional().describe('File with the client key'),
      servername: z.string().optional(),
      insecure: z.boolean().default(false).describe('Do not verify the server: shown in plan and report'),
    })
    .optional(),
});

export const Load = z.strictObject({
  streams: z
    .record(NAME, Stream)
    .refine((streams) => Object.keys(streams).length > 0, 'load needs at least one stream')
    .describe('Sources of load, each open model (`rate`) or closed model (`users`)'),
});

export const Stop = z.union(
  [
    z.literal('off').describe('No stop guard: the expected damage is unlimited'),
    z.strictObject({
      errorRatio: share
        .default(0.5)
        .describe('Stop when so many of the scheduled requests fail; 50% unless said otherwise'),
      for: positiveDurationMs.default(5000).describe('… over so long; 5s unless said otherwise'),
      minBad: z.number().int().min(1).default(20).describe('… and at least so many failed'),
      beyondObjective: z
        .boolean()
        .optional()
        .describe(
          'Also stop, as failed, once it is proven (1 % chance of error, however often one looks) that a critical objective of availability or error rate is broken',
        ),
      command: commandLine
        .optional()
        .describe('Your own stop signal: run again and again, without a shell; anything but exit code 0 stops the run'),
      prometheus: z
        .strictObject({
          url: httpUrl.describe('The server'),
          query: z.string().min(1).describe("An alert's expression: the run stops when the answer is not empty"),
        })
        .optional()
        .describe('A stop signal in a Prometheus'),
      alarmUrl: httpUrl.optional().describe('A stop signal by HTTP: GET must answer 2xx'),
      every: positiveDurationMs.optional().describe('How often the signals are read; 1s unless said otherwise'),
      timeLimit: positiveDurationMs.optional().describe('How long one reading may take; 2s unless said otherwise'),
    }),
  ],
  'expected `off`, or { errorRatio: 50%, for: 5s }',
);
