import { z } from 'zod';
import { commandPattern } from '../support/command-pattern.js';
import { address, commandLine, durationMs, positiveDurationMs } from '../support/unit-schemas.js';

export const NAME = z
  .string()
  .regex(/^[A-Za-z0-9_.-]+$/, 'a name may hold letters, digits, "_", "." and "-"')
  .refine((name) => !/^\.+$/.test(name), 'a name must not consist of dots only');

export const httpUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http:// or https:// URL',
  )
  .describe('An http or https URL');

const environment = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .describe("Environment variables added to Plimsoll's own");

const addresses = z.union([address, z.array(address).min(1)], 'expected host:port, or a list of them');

const Process = z
  .strictObject({
    listening: addresses
      .optional()
      .describe('Find the processes by the addresses that they listen on: one address a replica'),
    pid: z.number().int().positive().optional().describe('Find the process by its id'),
    pidfile: z.string().min(1).optional().describe('Find the process by a file whose first word is its id'),
    command: z
      .string()
      .min(1)
      .superRefine((text, context) => {
        const pattern = commandPattern(text);
        if (!pattern.ok) context.addIssue({ code: 'custom', message: `is no pattern: ${pattern.problem}` });
      })
      .optional()
      .describe(
        'Find the processes of this user by their command lines, the words joined by single blanks: a text that they contain, or a regular expression between slashes, `/^node worker\\.js/`',
      ),
    count: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('With `command`: how many processes it must fit, no more and no fewer; 1 unless said otherwise'),
    run: commandLine
      .optional()
      .describe('Plimsoll starts it with this command, without a shell; PLIMSOLL_REPLICA is set to 0, 1 …'),
    replicas: z.number().int().min(1).max(100).optional().describe('With `run`: how many; 1 unless said otherwise'),
    restart: z
      .enum(['always', 'never'])
      .optional()
      .describe('With `run`: does Plimsoll bring back what dies? `never` unless said otherwise'),
    env: environment.optional().describe('With `run`: environment variables'),
    cwd: z.string().optional().describe('With `run`: the folder to start in'),
    address: addresses.optional().describe('With `run`: where the replicas listen; Plimsoll waits until they do'),
  })
  .superRefine((process, context) => {
    const ways = (['listening', 'pid', 'pidfile', 'command', 'run'] as const).filter(
      (way) => process[way] !== undefined,
    );
    if (ways.length !== 1) {
      context.addIssue({
        code: 'custom',
        message: `a process is found in exactly one way: listening, pid, pidfile, command or run (given: ${ways.join(', ') || 'none'})`,
      });
    }
    if (process.count !== undefined && process.command === undefined) {
      context.addIssue({ code: 'custom', path: ['count'], message: '`count` goes with `command` only' });
    }
    for (const key of ['replicas', 'restart', 'env', 'cwd', 'address'] as const) {
      if (process[key] !== undefined && process.run === undefined) {
        context.addIssue({ code: 'custom', path: [key], message: `\`${key}\` goes with \`run\` only` });
      }
    }
  });

const Container = z.union(
  [
    z.string().min(1).describe('Its name or id'),
    z.strictObject({
      label: z
        .string()
        .regex(/^[^=\s]+(=.*)?$/, 'a label is written key=value, or key alone')
        .describe('All running containers with this label (`key=value`) are its replicas'),
    }),
    z.strictObject({
      compose: z.string().min(1).describe('All running containers of this Compose service are its replicas'),
      project: z.string().min(1).optional().describe('Of this Compose project; needed where several run'),
    }),
  ],
  'expected a container name, { label: key=value } or { compose: service }',
);

const Service = z.strictObject({
  url: httpUrl.optional().describe('Where it is reached; `path` of a request is relative to it'),
  metrics: httpUrl.optional().describe('Its Prometheus metrics'),
  process: Process.optional().describe('How its processes are found or started: needed by process faults'),
  container: Container.optional().describe('Its container or containers: needed by container faults'),
});

const Link = z.strictObject({
  from: z.string().min(1).describe('The service that dials; `client` for whoever calls from outside'),
  to: z.string().min(1).describe('The service that answers'),
  listen: address.describe('Where the proxy listens: the address that `from` must dial'),
  upstream: address.describe('Where `to` really listens'),
  via: address.optional().describe('Where Plimsoll itself reaches `listen`, if that differs (Compose)'),
  protocol: z
    .enum(['tcp', 'http', 'http2', 'grpc', 'redis', 'mqtt'])
    .default('tcp')
    .describe('What is spoken: decides how a fault on the link is measured'),
  canary: z
    .strictObject({
      path: z.string().startsWith('/').optional().describe('http: the path to GET'),
      send: z.string().min(1).optional().describe('tcp: what to send'),
      expect: z.string().min(1).optional().describe('tcp: what the answer must contain'),
    })
    .optional()
    .describe('A harmless request that measures the link'),
});

export const System = z.strictObject({
  start: commandLine
    .optional()
    .describe('A command that starts the whole system, run without a shell; Plimsoll ends it after the run'),
  cwd: z.string().optional().describe('The folder that commands run in; the folder of the call unless said otherwise'),
  env: environment.optional(),
  ready: httpUrl.optional().describe('Answers 2xx when the system is ready'),
  readyTimeout: positiveDurationMs.optional().describe('How long to wait for `ready`; 30s unless said otherwise'),
  readyMustHold: z
    .boolean()
    .optional()
    .describe('Must `ready` hold right before the faults and from then on? Losing it stops the run'),
  toxiproxy: httpUrl.optional().describe('The API of a Toxiproxy that is there; without it the embedded one is used'),
  services: z.record(NAME, Service).default({}).describe('The parts of the system'),
  links: z.record(NAME, Link).default({}).describe('Directed TCP connections that run through a proxy'),
});

export const Phases = z.strictObject({
  warmup: durationMs.optional().describe('Load without looking; 3s unless said otherwise, at least 1.5s'),
  baseline: positiveDurationMs.describe('How the system is without a fault'),
  fault: positiveDurationMs.describe('How it is under the faults'),
  recovery: durationMs.optional().describe('How it comes back; 10s unless said otherwise'),
});
