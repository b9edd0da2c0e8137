import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { DriverSecond, Ledger, StreamPlan } from '../../src/load/driver.js';
import { createLoadDriver } from '../../src/load/index.js';
import { systemClock } from '../../src/support/clock.js';
import { traceIdOf } from '../../src/support/trace-id.js';
import { closedStream, openStream, request, runLoad } from '../truth/experiment.js';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const CA = fixture('localhost-cert.pem');

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers 200 with a body and remembers what it got; here only form matters, not time. */
async function listen(
  server: Server,
  at: { port: number; host: string } | string,
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  server.on('request', (incoming: IncomingMessage, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      seen.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, body });
      outgoing.end(incoming.url === '/large' ? 'x'.repeat(2 ** 20 + 1) : 'all is well');
    });
  });
  server.listen(at);
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address as AddressInfo).port : 0, seen };
}

const LOOPBACK = { port: 0, host: '127.0.0.1' };
const SECONDS = 0.4;

/** The same requests as an open and as a closed stream. */
function both(requests: Parameters<typeof openStream>[0], common: Partial<Pick<StreamPlan, 'tls' | 'data'>> = {}) {
  return [openStream(requests, { ratePerSecond: 50, ...common }), closedStream(requests, { users: 2, ...common })];
}

async function expectAllOk(streams: StreamPlan[]): Promise<void> {
  const { ledger } = await runLoad(streams, SECONDS);
  expect(ledger.length).toBe(streams.length);
  for (const { scheduled, outcomes } of ledger) {
    expect(scheduled).toBeGreaterThan(5);
    expect(outcomes).toEqual({ ok: scheduled });
  }
}

describe('what is sent', () => {
  test('template values, trace ids, headers and bodies arrive, in both models', async () => {
    const { port, seen } = await listen(createServer(), LOOPBACK);
    const post = request(`http://127.0.0.1:${port}/items/{{sku}}?n={{id}}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-id': '{{id}}' },
      body: '{"sku":"{{sku}}"}',
    });
    const data = {
      id: { kind: 'sequence' as const, start: 0 },
      sku: { kind: 'pick' as const, from: ['a "mug"', 'lamp/2'] },
    };
    const { ledger } = await runLoad(both([post], { data }), SECONDS);
    expect(seen.length).toBe(ledger.reduce((sum, { scheduled }) => sum + scheduled, 0));
    for (const { method, url, headers, body } of seen) {
      const { sku } = JSON.parse(body) as { sku: string };
      const id = Number(headers['x-id']);
      expect(data.sku.from).toContain(sku);
      expect(method).toBe('POST');
      expect(url).toBe(`/items/${encodeURIComponent(sku)}?n=${id}`);
      expect(headers['accept-encoding']).toBe('identity');
      expect(headers['host']).toBe(`127.0.0.1:${port}`);
      expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
      const traceId = String(headers['traceparent']).split('-')[1];
      expect(['open', 'closed'].map((stream) => traceIdOf('truth001', stream, id))).toContain(traceId);
    }
    expect(new Set(seen.map(({ headers }) => headers['traceparent'])).size).toBe(seen.length);
  });

  test('HEAD is answered without a body, in both models', async () => {
    const { port, seen } = await listen(createServer(), LOOPBACK);
    await expectAllOk(both([request(`http://127.0.0.1:${port}/`, { method: 'HEAD' })]));
    expect(new Set(seen.map(({ method }) => method))).toEqual(new Set(['HEAD']));
  });

  test('a Unix socket, in both models', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-unix-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const { seen } = await listen(createServer(), join(folder, 'http.sock'));
    await expectAllOk(both([request(`unix:${join(folder, 'http.sock')}:/hello`)]));
    expect(seen[0]?.url).toBe('/hello');
  });

  test('a body over the limit is a bad response when a check needs it, and fine otherwise', async () => {
    const { port } = await listen(createServer(), LOOPBACK);
    const url = `http://127.0.0.1:${port}/large`;
    await expectAllOk(both([request(url)]));
    const checked = request(url, { expect: { status: [[200, 200]], bodyContains: 'x', bodyJson: undefined } });
    const { ledger } = await runLoad(both([checked]), SECONDS);
    for (const { scheduled, outcomes } of ledger) expect(outcomes).toEqual({ bad_response: scheduled });
  });
});

describe('TLS', () => {
  const start = () => listen(createTlsServer({ key: fixture('localhost-key.pem'), cert: CA }), LOOPBACK);

  test('is verified against the given authority', async () => {
    const { port } = await start();
    const requests = [request(`https://127.0.0.1:${port}/`)];
    await expectAllOk(both(requests, { tls: { insecure: false, ca: CA } }));
    await expectAllOk(both(requests, { tls: { insecure: true } }));
  });

  test.each(['open', 'closed'] as const)(
    'an unknown authority is refused before anything is sent (%s)',
    async (model) => {
      const { port, seen } = await start();
      const streams = both([request(`https://127.0.0.1:${port}/`)]).filter((stream) => stream.model === model);
      await expect(runLoad(streams, SECONDS)).rejects.toMatchObject({
        code: 'origin_unreachable',
        hint: expect.stringContaining('tls.ca'),
      });
      expect(seen).toEqual([]);
    },
  );
});

describe('preflight', () => {
  test('connects to each origin and sends nothing', async () => {
    const server = createServer();
    let connections = 0;
    server.on('connection', () => connections++);
    const { port, seen } = await listen(server, LOOPBACK);
    const driver = createLoadDriver({
      runId: 'truth001',
      seed: 1,
      streams: both([request(`http://127.0.0.1:${port}/a`), request(`http://127.0.0.1:${port}/b`, { name: 'b' })]),
    });
    await driver.prepare(AbortSignal.timeout(20_000));
    expect(driver.pids().map(({ label }) => label)).toEqual(['open-model load driver', 'closed-model load driver']);
    expect(connections).toBe(2);
    // Never started: nothing was scheduled, and nothing is sent now.
    expect(await driver.stop({ atUs: 0, drain: false })).toEqual([
      { stream: 'open', scheduled: 0, outcomes: {} },
      { stream: 'closed', scheduled: 0, outcomes: {} },
    ]);
    await driver.dispose();
    expect(seen).toEqual([]);
  });

  test.each([
    ['http://127.0.0.1:1/', 'ECONNREFUSED', 'Start the system'],
    ['http://no-such-host.invalid/', 'no-such-host.invalid', 'Check the host name'],
    ['unix:/no/such.sock:/', 'ENOENT', 'socket file is not there'],
  ])('%s: says why and what to do', async (url, reason, hint) => {
    await expect(runLoad([openStream([request(url)])], SECONDS)).rejects.toMatchObject({
      code: 'origin_unreachable',
      message: expect.stringContaining(reason),
      hint: expect.stringContaining(hint),
    });
  });
});

describe("the driver's own limits", () => {
  test('without a file descriptor left an arrival is unsent, and the driver says that it was not well', async () => {
    const server = createServer(() => undefined);
    const { port } = await listen(server, LOOPBACK);
    server.removeAllListeners('request');
    // Nobody answers, so each arrival needs a connection of its own.
    const quick = request(`http://127.0.0.1:${port}/`, { deadlineMs: 1000 });
    const streams = [openStream([quick], { ratePerSecond: 200, connections: 200 })];
    const script = fileURLToPath(new URL('fixtures/limited-conductor.js', import.meta.url));
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      'ulimit -n 80; exec "$0" "$1" "$2"',
      process.execPath,
      script,
      JSON.stringify(streams),
    ]);
    const { ledger, health } = JSON.parse(stdout) as { ledger: Ledger; health: DriverSecond['health'][] };
    expect(ledger[0]?.scheduled).toBe(160);
    const { timeout = 0, unsent = 0, ...others } = ledger[0]?.outcomes ?? {};
    expect(others).toEqual({});
    expect(timeout).toBeGreaterThan(10);
    expect(unsent).toBeGreaterThan(10);
    expect(health.reduce((sum, { localLimitErrors }) => sum + localLimitErrors, 0)).toBeGreaterThan(10);
    expect(health.some(({ invalid }) => invalid?.includes('EMFILE'))).toBe(true);
  });
});

describe('the end', () => {
  test('an abort during the drain makes it sooner, and what is open is unfinished', async () => {
    const server = createServer(() => undefined);
    server.listen(LOOPBACK);
    await once(server, 'listening');
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const driver = createLoadDriver({
      runId: 'truth001',
      seed: 1,
      streams: both([request(`http://127.0.0.1:${port}/`)]),
    });
    try {
      await driver.prepare(AbortSignal.timeout(20_000));
      await driver.start(systemClock.nowUs());
      await systemClock.sleep(300);
      const first = driver.stop({ atUs: 60e6, drain: true });
      await systemClock.sleep(100);
      const startMs = performance.now();
      const ledger = await driver.stop({ atUs: 0, drain: false });
      expect(performance.now() - startMs).toBeLessThan(1000);
      expect(await first).toEqual(ledger);
      const [open, closed] = ledger;
      expect(open?.scheduled).toBeGreaterThan(10);
      expect(open?.outcomes).toEqual({ unfinished: open?.scheduled });
      expect(closed).toEqual({ stream: 'closed', scheduled: 2, outcomes: { unfinished: 2 } });
    } finally {
      await driver.dispose();
    }
  });

  test('the final seconds add up to the ledger', async () => {
    const { port } = await listen(createServer(), LOOPBACK);
    const { ledger, batches } = await runLoad(both([request(`http://127.0.0.1:${port}/`)]), 1.3);
    const records = new Map(
      batches.flatMap(({ seconds }) => seconds.map((record) => [`${record.stream} ${record.second}`, record] as const)),
    );
    for (const { stream, scheduled, outcomes } of ledger) {
      const own = [...records.values()].filter((record) => record.stream === stream);
      expect(own.map(({ second, final }) => [second, final])).toEqual([
        [0, true],
        [1, true],
      ]);
      expect(own.reduce((sum, record) => sum + record.scheduled, 0)).toBe(scheduled);
      expect(own.reduce((sum, record) => sum + (record.outcomes.ok ?? 0), 0)).toBe(outcomes.ok);
    }
    for (const model of ['open', 'closed']) {
      expect(batches.some(({ health }) => health.driver === model && (health.rssBytes ?? 0) > 1e6)).toBe(true);
    }
  });

  test('no load outlives its conductor, even when that is killed', async () => {
    const { port } = await listen(createServer(), LOOPBACK);
    const script = fileURLToPath(new URL('fixtures/conductor.js', import.meta.url));
    const conductor = fork(script, [JSON.stringify(both([request(`http://127.0.0.1:${port}/`)]))], { execArgv: [] });
    const [pids] = (await once(conductor, 'message')) as [number[]];
    expect(pids.length).toBe(2);
    for (const pid of pids) expect(isAlive(pid)).toBe(true);
    conductor.kill('SIGKILL');
    await once(conductor, 'exit');
    await expect.poll(() => pids.filter(isAlive), { timeout: 3000 }).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie that nobody has collected yet has ended all the same.
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
