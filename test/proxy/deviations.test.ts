import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import { ApiClient, type ProxyJson } from './support/api-client.js';
import { dial, Origin, sleep } from './support/peers.js';

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 7, version: '1.2.3' });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

/** Sockets of this machine that wait for an answer from the port (state 02, SYN_SENT). */
function dialsUnderWay(port: number): number {
  const remote = new RegExp(`^\\s*\\d+: \\S+ 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 02 `, 'gm');
  return readFileSync('/proc/net/tcp', 'utf8').match(remote)?.length ?? 0;
}

async function traffic(proxy: ProxyJson): Promise<ProxyTraffic> {
  const all = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
  const found = all[proxy.name];
  if (!found) throw new Error(`no traffic of ${proxy.name}`);
  return found;
}

describe('what the real server dies or hangs on', () => {
  it.each([
    ['bandwidth', { rate: -1 }],
    ['slicer', {}],
    ['slicer', { average_size: 0, size_variation: 1 }],
    ['slicer', { average_size: 5, size_variation: -5 }],
    ['slicer', { average_size: 5, size_variation: 6 }],
    ['latency', { jitter: 2 ** 62 }],
  ])('refuses %s %j on create and on update, and changes nothing', async (type, attributes) => {
    const proxy = await api.proxy('127.0.0.1:1');
    const path = `/proxies/${proxy.name}/toxics`;
    const created = await api.post(path, { type, attributes });
    expect(created.status).toBe(400);
    expect(created.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((created.json() as { error: string }).error).toMatch(/^invalid attribute: |cannot unmarshal number/);
    expect((await api.get(path)).text).toBe('[]');
    if (type !== 'slicer' || !('average_size' in attributes)) return;
    const good = await api.toxic(proxy, type, 'upstream', { average_size: 10 });
    const before = (await api.get(good)).text;
    // An update that makes a good toxic bad, and asks for another toxicity at the same time.
    expect((await api.post(good, { toxicity: 0.5, attributes })).status).toBe(400);
    expect((await api.get(good)).text).toBe(before);
  });

  it('cancels the wait of reset_peer instead of hanging until it ends', async () => {
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address);
    const path = await api.toxic(proxy, 'reset_peer', 'upstream', { timeout: 60_000 });
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await sleep(50);
    const start = performance.now();
    expect((await api.delete(path)).status).toBe(204);
    expect(performance.now() - start).toBeLessThan(500);
    client.socket.write('y');
    const peer = await origin.next();
    await peer.until(1);
    expect(peer.text).toBe('y');
    client.socket.destroy();
  });

  it('lets nothing at all pass at rate 0: what stands behind sees no empty chunks', async () => {
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'bandwidth', 'upstream', { rate: 0 });
    await api.toxic(proxy, 'limit_data', 'upstream', { bytes: 0 });
    const client = await dial(proxy.listen);
    client.socket.write('x');
    expect(await client.ending(250)).toBe('open');
    client.socket.destroy();
  });

  it('removes a toxic at once, and loses nothing, while the destination does not read', async () => {
    const total = 24 * 1024 * 1024;
    await using origin = await Origin.start(({ socket }) => socket.pause());
    const proxy = await api.proxy(origin.address);
    const path = await api.toxic(proxy, 'latency', 'upstream', { latency: 20 });
    const client = await dial(proxy.listen);
    client.socket.write(Buffer.alloc(total));
    await sleep(300);
    const start = performance.now();
    expect((await api.delete(path)).status).toBe(204);
    expect(performance.now() - start).toBeLessThan(500);
    const peer = await origin.next();
    peer.socket.resume();
    await peer.until(total, 10_000);
    client.socket.destroy();
  });

  it('dials for each client at once, and disables at once while dials hang', async () => {
    // A listener whose process is stopped: once its backlog is full, the system leaves further dials unanswered.
    const script = `const s = require('net').createServer(); s.listen({port: 0, host: '127.0.0.1', backlog: 1}, () => { console.log(s.address().port); })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      child.kill('SIGSTOP');
      const port = Number(line.toString());
      const proxy = await api.proxy(`127.0.0.1:${port}`);
      const clients = await Promise.all(Array.from({ length: 6 }, async () => dial(proxy.listen)));
      await sleep(200);
      const { connectionsTotal } = await traffic(proxy);
      expect(connectionsTotal).toBeLessThan(6);
      // One dial that hangs holds up nobody: the others hang too, instead of waiting for it.
      if (process.platform === 'linux') expect(dialsUnderWay(port)).toBe(6 - connectionsTotal);
      for (const { socket } of clients) socket.write('waiting');
      await sleep(50);
      const start = performance.now();
      await api.post(`/proxies/${proxy.name}`, { enabled: false });
      expect(performance.now() - start).toBeLessThan(500);
      // The last ones were never served, and had said something: a reset, as from a failed dial.
      expect(await clients.at(-1)?.ending()).toBe('reset');
      for (const { socket } of clients) socket.destroy();
    } finally {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});

describe('toxics given together with the proxy', () => {
  const black = { type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } };

  it('are there before the first byte', async () => {
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address, { toxics: [black] });
    expect(proxy.toxics).toMatchObject([{ name: 'timeout_upstream', toxicity: 1 }]);
    const client = await dial(proxy.listen);
    client.socket.write('lost');
    const peer = await origin.next();
    await sleep(50);
    expect(peer.length).toBe(0);
    client.socket.destroy();
  });

  it('are there before the first byte of a proxy that comes by populate or from the config file, of every kind', async () => {
    await using origin = await Origin.start();
    const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
    try {
      const toxics = [black, { type: 'http_status', attributes: { headers: { A: 'b' }, probability: 0.5 } }];
      const order = { name: 'c', listen: '127.0.0.1:0', upstream: origin.address, toxics };
      const configFile = join(folder, 'config.json');
      await writeFile(configFile, JSON.stringify([order]));
      const own = await startProxyServer({ port: 0, configFile });
      const ownApi = new ApiClient(own.url);
      await api.post('/populate', [order]);
      for (const some of [api, ownApi]) {
        const proxy = (await some.get('/proxies/c')).json() as ProxyJson;
        expect(proxy.toxics).toMatchObject([
          { type: 'timeout' },
          { type: 'http_status', attributes: { status: 503, headers: { A: 'b' }, probability: 0.5 } },
        ]);
        const client = await dial(proxy.listen);
        client.socket.write('lost');
        const peer = await origin.next();
        await sleep(50);
        expect(peer.length).toBe(0);
        client.socket.destroy();
      }
      await own.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    [[{ type: 'nothing' }], 400, 'invalid toxic type'],
    [[black, black], 409, 'toxic already exists'],
    [
      [{ type: 'bandwidth', attributes: { rate: -1 } }],
      400,
      'invalid attribute: rate must not be negative, received -1',
    ],
  ])('are refused before anything is created: %j', async (toxics, status, error) => {
    const good = { name: 'good', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' };
    const bad = { ...good, name: 'bad', toxics };
    expect((await api.post('/proxies', bad)).json()).toEqual({ error, status });
    expect((await api.post('/populate', [good, bad])).json()).toEqual({ error, status, proxies: null });
    expect((await api.get('/proxies')).text).toBe('{}');
  });

  it('come from the config file too; a bad file is logged, not fatal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
    try {
      const lines: string[] = [];
      const start = async (text: string): Promise<string> => {
        const configFile = join(folder, 'config.json');
        await writeFile(configFile, text);
        const own = await startProxyServer({
          port: 0,
          configFile,
          logLevel: 'info',
          writeLog: (line) => lines.push(line),
        });
        const list = (await new ApiClient(own.url).get('/proxies')).text;
        await own.close();
        return list;
      };
      const list = await start(
        JSON.stringify([{ name: 'c', listen: '127.0.0.1:0', upstream: '127.0.0.1:1', toxics: [black] }]),
      );
      expect(JSON.parse(list)).toMatchObject({ c: { enabled: true, toxics: [{ type: 'timeout' }] } });
      lines.length = 0;
      expect(await start('[{')).toBe('{}');
      expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
        expect.objectContaining({ level: 'error', error: 'bad request body: unexpected EOF' }),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
