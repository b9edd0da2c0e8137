import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataSource, RequestPlan, StreamPlan } from '../load/driver.js';
import { parseCsv } from './csv.js';
import type { Scenario } from '../scenario/parse.js';
import type { StreamDocument, SystemDocument } from '../scenario/schema.js';
import { streamPath } from '../scenario/references.js';
import { messageOf } from '../support/errors.js';
import type { Path, Problems } from '../scenario/problems.js';

const DEFAULT_DEADLINE_MS = 5000;
const DEFAULT_CONNECTIONS = 50;
const LEAST_IN_FLIGHT = 100;
/** The largest in-flight cap that is accepted: each slot costs memory in the driver. */
const MOST_IN_FLIGHT = 1_000_000;

/** The streams with all defaults filled in and all files read. */
export function resolveStreams(
  scenario: Scenario,
  options: { cwd: string; problems: Problems },
): { streams: StreamPlan[]; capacityShares: { stream: string; share: number }[] } {
  const capacityShares: { stream: string; share: number }[] = [];
  const streams = Object.entries(scenario.load.streams).map(([name, stream]): StreamPlan => {
    const path = streamPath(scenario, name);
    const files = new Files(options.cwd, options.problems);
    const common = {
      name,
      requests: stream.requests.map((request, k) =>
        resolveRequest(request, stream, scenario.system, files, [...path, 'requests', k]),
      ),
      data: resolveData(stream, files, path),
      tracing: stream.tracing !== 'off',
      tls: resolveTls(stream, files, path),
    };
    if (stream.users !== undefined) {
      return { ...common, model: 'closed', users: stream.users, thinkMs: stream.think ?? { min: 0, max: 0 } };
    }
    const rate = stream.rate ?? { perSecond: 1 };
    if ('capacityShare' in rate) capacityShares.push({ stream: name, share: rate.capacityShare });
    // A share of capacity becomes a rate when the capacity has been measured; until then it is nominal.
    const perSecond = 'perSecond' in rate ? rate.perSecond : 1;
    const deadlineMs = Math.max(...common.requests.map((request) => request.deadlineMs));
    const inFlightCap = stream.inFlight ?? Math.max(LEAST_IN_FLIGHT, Math.ceil((2 * perSecond * deadlineMs) / 1000));
    if (inFlightCap > MOST_IN_FLIGHT) {
      options.problems.add([...path, 'rate'], {
        code: 'too_much_in_flight',
        message: `stream ${name}: the rate times the deadline allows ${inFlightCap} requests in flight; at most ${MOST_IN_FLIGHT} are possible`,
        hint: 'Lower the rate, shorten the deadline, or set `inFlight`.',
      });
    }
    return {
      ...common,
      model: 'open',
      ratePerSecond: perSecond,
      arrivals: stream.arrivals ?? 'uniform',
      connections: stream.connections ?? DEFAULT_CONNECTIONS,
      inFlightCap,
    };
  });
  return { streams, capacityShares };
}

function resolveRequest(
  request: StreamDocument['requests'][number],
  stream: StreamDocument,
  system: SystemDocument,
  files: Files,
  path: Path,
): RequestPlan {
  const base = request.service === undefined ? '' : (system.services[request.service]?.url ?? '').replace(/\/$/, '');
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const status = request.expect?.status;
  const ranges: [number, number][] =
    status === undefined
      ? [[200, 299]]
      : typeof status[0] === 'number'
        ? [status as [number, number]]
        : (status as [number, number][]);
  let body: RequestPlan['body'];
  if (request.body?.json !== undefined) {
    body = JSON.stringify(request.body.json);
    headers['content-type'] ??= 'application/json';
  } else if (request.body?.text !== undefined) body = request.body.text;
  else if (request.body?.base64 !== undefined) body = Buffer.from(request.body.base64, 'base64');
  else if (request.body?.file !== undefined) body = files.bytes(request.body.file, [...path, 'body', 'file']);
  return {
    name: request.name,
    method: request.method,
    url: request.url ?? `${base}${request.path ?? '/'}`,
    headers,
    body,
    weight: request.weight,
    deadlineMs: request.deadline ?? stream.deadline ?? DEFAULT_DEADLINE_MS,
    expect: { status: ranges, bodyContains: request.expect?.body?.contains, bodyJson: request.expect?.body?.json },
  };
}

function resolveData(stream: StreamDocument, files: Files, path: Path): Record<string, DataSource> {
  return Object.fromEntries(
    Object.entries(stream.data ?? {}).map(([name, source]): [string, DataSource] => {
      if ('int' in source) return [name, { kind: 'int', ...source.int }];
      if ('pick' in source) return [name, { kind: 'pick', from: source.pick }];
      if ('uuid' in source) return [name, { kind: 'uuid' }];
      if ('sequence' in source) return [name, { kind: 'sequence', start: source.sequence.start }];
      const { file, column, order } = source.csv;
      return [name, { kind: 'csv', order, rows: files.csvColumn(file, column, [...path, 'data', name, 'csv']) }];
    }),
  );
}

function resolveTls(stream: StreamDocument, files: Files, path: Path): StreamPlan['tls'] {
  const { tls } = stream;
  if (!tls) return { insecure: false };
  const read = (key: 'ca' | 'cert' | 'key') =>
    tls[key] === undefined ? {} : { [key]: files.text(tls[key], [...path, 'tls', key]) };
  return {
    ...read('ca'),
    ...read('cert'),
    ...read('key'),
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    insecure: tls.insecure,
  };
}

/** Files that a scenario names, relative to the folder of the call. What can't be read is a located problem. */
class Files {
  constructor(
    private readonly cwd: string,
    private readonly problems: Problems,
  ) {}

  bytes(file: string, path: Path): Uint8Array {
    try {
      return readFileSync(resolve(this.cwd, file));
    } catch (error) {
      this.problems.add(path, {
        code: 'cannot_read',
        message: `${file} cannot be read: ${messageOf(error)}`,
        hint: 'Paths are relative to the folder that Plimsoll is called in.',
      });
      return new Uint8Array();
    }
  }

  text(file: string, path: Path): string {
    return Buffer.from(this.bytes(file, path)).toString('utf8');
  }

  /** A column of a CSV file whose first line has the names. */
  csvColumn(file: string, column: string, path: Path): string[] {
    const before = this.problems.all.length;
    const text = this.text(file, path);
    if (this.problems.all.length > before) return [''];
    const refuse = (key: 'file' | 'column', code: string, message: string): string[] => {
      this.problems.add([...path, key], { code, message });
      return [''];
    };
    const parsed = parseCsv(text);
    if ('openQuoteAt' in parsed)
      return refuse('file', 'bad_row', `${file}: line ${parsed.openQuoteAt} has a quote that is not closed`);
    const [head, ...rows] = parsed.rows;
    if (!head || rows.length === 0) return refuse('file', 'empty_csv', `${file} has no rows`);
    const position = head.fields.indexOf(column);
    if (position < 0)
      return refuse('column', 'no_column', `${file} has no column "${column}"; it has: ${head.fields.join(', ')}`);
    const odd = rows.find(({ fields }) => fields.length !== head.fields.length);
    if (odd)
      return refuse(
        'file',
        'bad_row',
        `${file}: line ${odd.line} has ${odd.fields.length} columns, the first line has ${head.fields.length}`,
      );
    return rows.map(({ fields }) => fields[position] ?? '');
  }
}
