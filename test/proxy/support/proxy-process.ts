import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ApiClient } from './api-client.js';

/** What a process holds at a moment. */
export interface Vitals {
  rssMb: number;
  /** Of what is reachable. */
  heapMb: number;
  files: number;
  timers: number;
  sockets: number;
}

const DIST = fileURLToPath(new URL('../../../dist/proxy/main.js', import.meta.url));
const PROBE = pathToFileURL(fileURLToPath(new URL('vitals.js', import.meta.url))).href;

/** The compiled proxy in a process of its own, that tells what it holds. */
export class ProxyProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly api: ApiClient,
  ) {}

  /** @param seed of its toxics */
  static async start(seed: number): Promise<ProxyProcess> {
    const child = fork(DIST, ['-port', '0', '-seed', String(seed)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--import', PROBE],
    });
    const [hello] = (await once(child, 'message')) as [{ url: string }];
    return new ProxyProcess(child, new ApiClient(hello.url));
  }

  async vitals(): Promise<Vitals> {
    const { pid } = this.child;
    const answer = once(this.child, 'message');
    this.child.send('vitals');
    const [{ heapMb, active }] = (await answer) as [{ heapMb: number; active: Record<string, number> }];
    return {
      rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
      heapMb,
      files: readdirSync(`/proc/${pid}/fd`).length,
      timers: (active['Timeout'] ?? 0) + (active['Immediate'] ?? 0),
      sockets: active['TCPSocketWrap'] ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}
