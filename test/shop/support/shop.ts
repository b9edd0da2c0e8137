import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SHOP = join(import.meta.dirname, '../../../examples/shop');
const START = join(SHOP, 'dist/start.js');
const AUDIT = join(SHOP, 'dist/audit.js');

export interface Shop extends AsyncDisposable {
  base: number;
  /** Of the gateway. */
  url: string;
  pid: number;
  child: ChildProcess;
  data: string;
  /** What all processes have logged so far. */
  log(): string;
  /** The pid that a service's log line names last. */
  pidOf(service: string): number;
  checkout(init?: { sku?: string; key?: string; traceparent?: string }): Promise<Reply>;
  get(path: string, port?: number): Promise<Reply>;
  audit(waitMs?: number): Promise<{ accepted: number; settled: number; lost: number; doubled: number }>;
}

export interface Reply {
  status: number;
  ms: number;
  body: unknown;
  text: string;
  headers: Headers;
}

/** Builds the shop where its compiled form is older than its source. */
export function buildShop(): void {
  const lock = join(tmpdir(), 'plimsoll-shop-build.lock');
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      // Another test file builds, or was killed while it did.
      if (tries > 600) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    if (!stale()) return;
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', SHOP], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the shop does not compile:\n${stdout}`);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function stale(): boolean {
  if (!existsSync(START)) return true;
  const built = Math.max(0, ...times(join(SHOP, 'dist')));
  return Math.max(...times(join(SHOP, 'src'))) > built;
}

function times(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => statSync(join(folder, file)).mtimeMs);
}

/** Starts a shop of its own beside any other, waits until it is open, and ends its whole process group. */
export async function startShop(env: Record<string, string> = {}, base?: number): Promise<Shop> {
  base ??= await freeBase();
  const data = mkdtempSync(join(tmpdir(), 'shop-test-'));
  const child = spawn(process.execPath, [START], {
    env: { ...process.env, SHOP_PORT_BASE: String(base), SHOP_DATA: data, SHOP_VIA_LINKS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const url = `http://127.0.0.1:${base + 80}`;
  const shop: Shop = {
    base,
    url,
    pid: child.pid ?? 0,
    child,
    data,
    log: () => text,
    pidOf(service) {
      const lines = text.split('\n').filter((line) => line.includes(`"service":"${service}"`));
      return Number(/"pid":(\d+)/.exec(lines.at(-1) ?? '')?.[1]);
    },
    checkout: ({ sku = 'mug', key, traceparent } = {}) =>
      timed(`${url}/checkout`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key ? { 'idempotency-key': key } : {}),
          ...(traceparent ? { traceparent } : {}),
        },
        body: JSON.stringify({ sku }),
      }),
    get: (path, port = 80) => timed(`http://127.0.0.1:${base + port}${path}`),
    async audit(waitMs = 8_000) {
      const { stdout, stderr, status } = await runAudit(base, waitMs);
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as Awaited<ReturnType<Shop['audit']>>;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await Promise.race([ended(child), sleep(6_000)]);
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // The group is gone: that is how it should be.
      }
      rmSync(data, { recursive: true, force: true });
    },
  };
  try {
    await until(() => text.includes('the shop is open') || child.exitCode !== null, 20_000, 'the shop to open');
    if (child.exitCode !== null) throw new Error(`the shop ended: ${text}`);
    await until(async () => (await shop.get('/readyz')).status === 200, 10_000, 'the shop to be ready');
  } catch (error) {
    await shop[Symbol.asyncDispose]();
    throw error;
  }
  return shop;
}

/** Not `spawnSync`: the test's own links must go on working meanwhile. */
export async function runAudit(
  base: number,
  waitMs: number,
): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const child = spawn(process.execPath, [AUDIT], {
    env: { ...process.env, SHOP_PORT_BASE: String(base), SHOP_AUDIT_WAIT_MS: String(waitMs) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { stdout, stderr, status };
}

/** Starts the shop where it must not start, and returns how it ended. */
export function failToStart(env: Record<string, string>): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [START], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 20_000 });
}

export async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise<void>((resolve) => child.once('exit', () => resolve()));
  }
  return { code: child.exitCode, signal: child.signalCode };
}

/** Pids of the living (not zombie) members of a process group. */
export function membersOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return Number(fields[2]) === group && fields[0] !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
}

export async function until(holds: () => boolean | Promise<boolean>, limitMs: number, what: string): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    if (await Promise.resolve(holds())) return performance.now() - startedAt;
    if (performance.now() - startedAt > limitMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await sleep(20);
  }
}

/** A base from which every port of the shop and of its links is free right now. */
export async function freeBase(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    // Below the ephemeral ports; 10080 is one that fetch refuses.
    const base = 11_000 + Math.floor(Math.random() * 40) * 500;
    const free = await Promise.all(
      [80, 201, 202, 203, 204, 213, 214, 215, 216, 303].map((port) => isFree(base + port)),
    );
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free ports for a shop');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function timed(url: string, init: RequestInit = {}): Promise<Reply> {
  const startedAt = performance.now();
  const response = await fetch(url, init);
  const text = await response.text();
  const ms = performance.now() - startedAt;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, ms, body, text, headers: response.headers };
}
