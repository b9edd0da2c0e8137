import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readEvents } from '../../src/record/event-log.js';
import type { EventOf, EventType, RunEvent } from '../../src/record/events.js';
import type { RunResult } from '../../src/result/schema.js';

const CLI = resolve('dist/cli.js');
const SERVICES = resolve('test/e2e/services.js');

/** A folder, three free ports and a register of its own; all processes that it started are ended with it. */
export class Bench implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'plimsoll-e2e-'));
  readonly #children: ChildProcess[] = [];

  private constructor(readonly ports: { front: number; back: number; link: number; proxy: number }) {}

  static async open(): Promise<Bench> {
    const [front, back, link, proxy] = await freePorts(4);
    return new Bench({ front: front!, back: back!, link: link!, proxy: proxy! });
  }

  /** The command that starts the two services. */
  start(...flags: string[]): string {
    const { front, back, link } = this.ports;
    return ['node', SERVICES, front, back, link, ...flags].join(' ');
  }

  /** Writes a scenario on the bench's two services. */
  scenario(parts: {
    system?: string;
    path?: string;
    rate?: string;
    faults: string;
    slos?: string;
    extra?: string;
    phases?: string;
  }): string {
    const { front, back, link } = this.ports;
    const text = `plimsoll: 1
name: bench
system:
  ${parts.system ?? `start: ${this.start()}`}
  ready: http://127.0.0.1:${front}/readyz
  readyTimeout: 5s
  services:
    front: { url: http://127.0.0.1:${front} }
    back: { process: { listening: 127.0.0.1:${back} } }
  links:
    front-back: { from: front, to: back, listen: 127.0.0.1:${link}, upstream: 127.0.0.1:${back}, protocol: http, canary: { path: / } }
load:
  rate: ${parts.rate ?? '40/s'}
  deadline: 2s
  requests: [{ name: home, service: front, path: ${parts.path ?? '/'} }]
phases: ${parts.phases ?? '{ warmup: 1.5s, baseline: 20s, fault: 20s, recovery: 6s }'}
faults:
  ${parts.faults}
slos:
  ${parts.slos ?? `- { name: home up, indicator: availability, objective: '>= 95%' }`}
${parts.extra ?? ''}
`;
    const file = join(this.folder, 'bench.yaml');
    writeFileSync(file, text);
    return file;
  }

  /** `plimsoll …` in the bench's folder. */
  plimsoll(...argv: string[]): Running {
    return this.spawn(process.execPath, [CLI, ...argv]);
  }

  /** A command on a pseudo-terminal of its own; what is written to its standard input is what somebody types. */
  spawnOnTerminal(command: string, cwd = this.folder): Running {
    return this.spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], cwd, 'pipe');
  }

  spawn(program: string, argv: string[], cwd = this.folder, stdin: 'ignore' | 'pipe' = 'ignore'): Running {
    const child = spawn(program, argv, {
      cwd,
      env: { ...process.env, XDG_STATE_HOME: join(this.folder, 'state'), NO_COLOR: '1' },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return new Running(child, this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const alive = () => this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    // Politely first: a master that is killed leaves its workers behind.
    for (const child of alive()) child.kill('SIGTERM');
    await until(() => alive().length === 0, 2000);
    for (const child of alive()) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A command that runs. */
export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | string>;

  constructor(
    readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((settle) => child.once('close', (code, signal) => settle(code ?? signal ?? 'gone')));
  }

  get directory(): string {
    const reports = join(this.folder, 'reports');
    const [name] = readdirSync(reports).filter((entry) => entry.startsWith('bench-'));
    if (name === undefined) throw new Error(`no run directory; the command said: ${this.stderr}`);
    return join(reports, name);
  }

  get result(): RunResult {
    return JSON.parse(readFileSync(join(this.directory, 'result.json'), 'utf8')) as RunResult;
  }

  events(): RunEvent[] {
    try {
      return readEvents(join(this.directory, 'events.ndjson')).events;
    } catch {
      return [];
    }
  }

  /** Waits for the first event of a type (and phase). */
  async event<T extends EventType>(
    type: T,
    matching: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    for (let tries = 0; tries < 1200; tries++) {
      const ofType = this.events().filter((event) => event.type === type) as unknown as EventOf<T>[];
      const found = ofType.find((event) => matching(event));
      if (found) return found;
      if (this.child.exitCode !== null) break;
      await wait(50);
    }
    throw new Error(`no ${type}; the command said: ${this.stdout}${this.stderr}`);
  }
}

/** Is a process with this pid there, and not a zombie? */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits until a condition holds; the milliseconds it took, or undefined when the time was over. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeLimitMs: number,
): Promise<number | undefined> {
  const began = performance.now();
  while (performance.now() - began < timeLimitMs) {
    if (await condition()) return performance.now() - began;
    await wait(20);
  }
  return undefined;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => new Promise((settle) => server.close(settle))));
  return ports;
}
