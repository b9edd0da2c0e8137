import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverSecond, Ledger, LoadDriver, RequestPlan, StreamPlan } from '../../src/load/driver.js';
import { createLoadDriver } from '../../src/load/index.js';
import { OUTCOMES, type Outcome } from '../../src/record/outcomes.js';
import { systemClock } from '../../src/support/clock.js';

const SERVER = fileURLToPath(new URL('./servers/truth-server.js', import.meta.url));

/** A line of the server's own log. */
export interface ServerLine {
  atUs: number;
  event: 'connection' | 'request' | 'listening' | 'frozen' | 'thawed' | 'down';
  id?: string;
  did?: string;
  path?: string;
}

/** The server of an experiment: a real process with a log of every request. */
export class TruthServer implements AsyncDisposable {
  #child: ChildProcess | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'plimsoll-truth-'));
  port = 0;

  private constructor(private readonly options: Record<string, unknown>) {}

  static async start(options: Record<string, unknown> = {}): Promise<TruthServer> {
    const server = new TruthServer(options);
    await server.start();
    return server;
  }

  /** Again on the same port, if it ran before. */
  async start(): Promise<void> {
    const logFile = join(this.#folder, 'log.ndjson');
    const child = fork(SERVER, [JSON.stringify({ ...this.options, logFile, port: this.port })], { execArgv: [] });
    this.#child = child;
    const [told] = (await once(child, 'message')) as [{ port: number }];
    this.port = told.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  order(order: { type: 'freeze' | 'down'; ms: number }): void {
    this.#child?.send(order);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** What the server says that it did. */
  log(): ServerLine[] {
    return readFileSync(join(this.#folder, 'log.ndjson'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ServerLine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** One arrival as the driver recorded it. */
export interface Recorded {
  stream: number;
  index: number;
  dueUs: number;
  responseUs: number;
  status: number;
  outcome: Outcome;
  request: number;
}

export interface Experiment {
  ledger: Ledger;
  arrivals: Recorded[];
  batches: DriverSecond[];
  /** On the machine's monotonic clock, as the server's log. */
  t0Us: number;
  deaths: string[];
  count(outcome: Outcome): number;
}

/** What every request of the experiments has: an id that the server logs. */
export function request(url: string, changes: Partial<RequestPlan> = {}): RequestPlan {
  return {
    name: 'get',
    method: 'GET',
    url,
    headers: { 'x-id': '{{id}}' },
    body: undefined,
    weight: 1,
    deadlineMs: 5000,
    expect: { status: [[200, 299]], bodyContains: undefined, bodyJson: undefined },
    ...changes,
  };
}

const common = {
  data: { id: { kind: 'sequence' as const, start: 0 } },
  tracing: true,
  tls: { insecure: false },
};

export function openStream(requests: RequestPlan[], changes: Partial<StreamPlan & { model: 'open' }> = {}): StreamPlan {
  return {
    model: 'open',
    name: 'open',
    ratePerSecond: 200,
    arrivals: 'uniform',
    connections: 50,
    inFlightCap: 2000,
    requests,
    ...common,
    ...changes,
  };
}

export function closedStream(
  requests: RequestPlan[],
  changes: Partial<StreamPlan & { model: 'closed' }> = {},
): StreamPlan {
  return { model: 'closed', name: 'closed', users: 4, thinkMs: { min: 10, max: 10 }, requests, ...common, ...changes };
}

/** Runs the load for `seconds`, doing `during` with it, and returns what the driver says about it. */
export async function runLoad(
  streams: StreamPlan[],
  seconds: number,
  during?: (context: { driver: LoadDriver; at: (seconds: number) => Promise<void> }) => Promise<void>,
): Promise<Experiment> {
  const driver = createLoadDriver({ runId: 'truth001', seed: 7, streams });
  const batches: DriverSecond[] = [];
  const deaths: string[] = [];
  driver.onSecond((batch) => batches.push(batch));
  driver.onDeath((model, reason) => deaths.push(`${model}: ${reason}`));
  try {
    await driver.prepare(AbortSignal.timeout(20_000));
    const t0Us = systemClock.nowUs() + 100_000;
    await driver.start(t0Us);
    const at = (when: number): Promise<void> => systemClock.sleep((t0Us + when * 1e6 - systemClock.nowUs()) / 1000);
    // Ordered at once, so that a busy machine can't make the load longer than it was meant to be.
    const stopped = driver.stop({ atUs: seconds * 1e6, drain: true });
    const [ledger] = await Promise.all([stopped, during?.({ driver, at })]);
    const arrivals = batches.flatMap(({ chunks }) => chunks.flatMap(({ stream, columns }) => rows(stream, columns)));
    const count = (outcome: Outcome): number => arrivals.filter((arrival) => arrival.outcome === outcome).length;
    return { ledger, arrivals, batches, t0Us, deaths, count };
  } finally {
    await driver.dispose();
  }
}

function rows(stream: number, columns: DriverSecond['chunks'][number]['columns']): Recorded[] {
  return Array.from(columns.index, (index, k) => ({
    stream,
    index,
    dueUs: columns.dueUs[k] ?? NaN,
    responseUs: columns.responseUs[k] ?? NaN,
    status: columns.status[k] ?? NaN,
    outcome: OUTCOMES[columns.outcome[k] ?? -1] ?? 'unfinished',
    request: columns.request[k] ?? NaN,
  }));
}
