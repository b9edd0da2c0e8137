import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveGameDay, type GameServer } from '../../src/gameday/server.js';
import { Show } from '../../src/gameday/show.js';
import { EventLog } from '../../src/record/event-log.js';
import type { EventBody } from '../../src/record/events.js';
import { Steering } from '../../src/run/steering.js';
import { systemClock } from '../../src/support/clock.js';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** The live page's server on a real event log, without a run behind it: orders reach the real `Steering`. */
export class Served implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'plimsoll-gameday-'));
  readonly abort = new AbortController();
  readonly log: EventLog;
  readonly show: Show;
  server!: GameServer;

  private constructor(readonly blind: boolean) {
    this.log = EventLog.create(join(this.folder, 'events.ndjson'), { t0Us: systemClock.nowUs(), clock: systemClock });
    this.show = new Show({ blind });
    this.log.onEvent((event) => this.show.onEvent(event));
  }

  static async open(blind = false): Promise<Served> {
    const served = new Served(blind);
    const steering = new Steering({ script: false, blind });
    steering.attach({ log: served.log, abort: served.abort });
    served.server = await serveGameDay({ port: 0, blind, show: served.show, steering });
    served.log.append('run.started', started(blind));
    served.log.append('plan.resolved', PLAN);
    return served;
  }

  get url(): URL {
    return new URL(this.server.urls.operator);
  }

  token(audience: 'operator' | 'team' = 'operator'): string {
    return new URL(this.server.urls[audience] ?? '').hash.slice(1);
  }

  /** A request as any program may send it, headers and all. */
  async ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const { port, pathname } = this.url;
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, method, path: path.startsWith('/') ? path : `${pathname}${path}`, headers },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** As the page sends it. */
  async post(path: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const own = { origin: this.url.origin, 'content-type': 'application/json' };
    return this.ask('POST', path, { ...own, ...headers }, JSON.stringify(json));
  }

  async signIn(audience: 'operator' | 'team' = 'operator'): Promise<string> {
    const answer = await this.post('session', { token: this.token(audience) });
    return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  }

  /** Reads a stream. */
  async stream(cookie: string, lastSeq?: number): Promise<Stream> {
    const { port, pathname } = this.url;
    const headers = { cookie, ...(lastSeq === undefined ? {} : { 'last-event-id': String(lastSeq) }) };
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: `${pathname}events`, headers }, (response) =>
        resolve(new Stream(response)),
      );
      sent.on('error', reject);
      sent.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.show.end();
    await this.server.close();
    this.log.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Stream {
  text = '';
  ended = false;

  constructor(readonly response: IncomingMessage) {
    response.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    response.on('close', () => (this.ended = true));
    response.on('error', () => (this.ended = true));
  }

  /** The numbers of the events whose lines came. */
  get seqs(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  }

  cut(): void {
    this.response.destroy();
  }
}

function started(blind: boolean): EventBody<'run.started'> {
  return {
    runId: 'r1',
    wallTime: '2026-01-01T00:00:00.000Z',
    t0Us: systemClock.nowUs(),
    scenario: {
      name: 'payment-slow',
      description: 'payment answers late',
      file: '',
      text: 'type: latency',
      sha256: '',
    },
    seed: 1,
    streams: [{ name: 'load', model: 'open', requests: ['home'], deadlinesUs: [1e6] }],
    phases: { warmupS: 1, baselineS: 20, faultS: 20, recoveryS: 10 },
    versions: {},
    host: { platform: 'linux', release: '', arch: '', cpus: 1, cpuModel: '', memoryBytes: 1 },
    commandLine: 'plimsoll gameday payment-slow.yaml',
    gameDay: { script: false, blind },
  };
}

const PLAN: EventBody<'plan.resolved'> = {
  slos: [],
  faults: [
    {
      id: 'f1',
      type: 'latency',
      title: 'Added latency',
      summary: 'payment answers 150 ms late',
      settings: {},
      duration: 'lasting',
      atS: 0,
      proofOptional: false,
      byHand: true,
      targets: [],
      undo: [],
    },
  ],
  invariants: [],
  topology: { services: [], links: [] },
  power: [],
  warnings: [],
};
