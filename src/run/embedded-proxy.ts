import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { PlimsollError } from '../support/errors.js';
import type { Journal } from './journal.js';
import { announcePart } from './own-part.js';

const Hello = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), url: z.string() }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);

/** Compiled code beside this file; when this file itself runs uncompiled (in tests), that of the build. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/proxy/main.js' : '../proxy/main.js', import.meta.url),
);

let started = 0;

/**
 * The embedded Toxiproxy-compatible server in a process of its own: a stalled harness must not stall the system's
 * traffic, and the other way round. It outlives the conductor on purpose: if the conductor dies, the watchdog undoes the
 * faults through this server first, and ends it by its journal record afterwards.
 */
export class EmbeddedProxy {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly record: string,
    private readonly journal: Journal,
    private readonly exited: Promise<void>,
  ) {}

  /** @param port 0 for the first start; the same port again after a death, so that everybody finds it. */
  static async start(options: {
    seed: number;
    port: number;
    logFile: string;
    journal: Journal;
    onDeath(reason: string): void;
  }): Promise<EmbeddedProxy> {
    const part = announcePart(options.journal, `run/proxy-${++started}`, 'the embedded proxy');
    const log = openSync(options.logFile, 'a');
    const child = fork(ENTRY, ['-host', '127.0.0.1', '-port', String(options.port), '-seed', String(options.seed)], {
      detached: true,
      env: { ...process.env, ...part.environment },
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: [],
    });
    closeSync(log);
    let ending = false;
    const exited = new Promise<void>((resolve) => {
      child.once('exit', (exitCode, signal) => {
        resolve();
        if (!ending) options.onDeath(signal ? `ended by ${signal}` : `exit code ${exitCode}`);
      });
    });
    const hello = await new Promise<z.infer<typeof Hello>>((resolve, reject) => {
      child.once('message', (message) => resolve(Hello.parse(message)));
      child.once('error', reject);
      child.once('exit', () => resolve({ type: 'failed', message: 'it ended before it listened' }));
    });
    if (hello.type === 'failed' || child.pid === undefined) {
      ending = true;
      part.failed();
      throw new PlimsollError({
        code: 'proxy_failed',
        message: `the embedded proxy could not start: ${hello.type === 'failed' ? hello.message : 'no process'}`,
        hint: `Its log is ${options.logFile}.`,
      });
    }
    const { record } = part.started(child.pid);
    child.unref();
    child.channel?.unref();
    const proxy = new EmbeddedProxy(hello.url, child, record, options.journal, exited);
    proxy.#markEnding = () => {
      ending = true;
    };
    return proxy;
  }

  #markEnding: () => void = () => undefined;

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#markEnding();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2000);
    await this.exited;
    clearTimeout(timer);
    this.journal.undone(this.record);
  }
}
