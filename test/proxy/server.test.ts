import { Toxiproxy } from 'toxiproxy-node-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import { ApiClient, type ProxyJson } from './support/api-client.js';
import { dial, freePort, Origin, sleep, tryDial } from './support/peers.js';

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 7, version: '1.2.3' });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

async function traffic(proxy: ProxyJson): Promise<ProxyTraffic> {
  const all = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
  const found = all[proxy.name];
  if (!found) throw new Error(`no traffic of ${proxy.name}`);
  return found;
}

describe('server', () => {
  it('serves toxiproxy-node-client', async () => {
    await using origin = await Origin.echo();
    const client = new Toxiproxy(server.url);
    const proxy = await client.createProxy({ name: 'p', listen: 'localhost:0', upstream: origin.address });
    const toxic = await proxy.addToxic({
      name: 't',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
      attributes: { latency: 10, jitter: 0 },
    });
    expect(toxic.toJson()).toMatchObject({ name: 't', attributes: { latency: 10, jitter: 0 } });
    await toxic.update({ ...toxic.toJson(), attributes: { latency: 20, jitter: 1 } } as never);
    expect((await proxy.getToxic('t')).attributes).toEqual({ latency: 20, jitter: 1 });
    await toxic.remove();
    const off = await proxy.update({ ...proxy.toJson(), enabled: false });
    expect(off.enabled).toBe(false);
    await client.reset();
    expect((await client.get('p')).enabled).toBe(true);
    expect(Object.keys(await client.populate([proxy.toJson()] as never))).toEqual(['p']);
    expect(JSON.parse(await client.getVersion())).toEqual({ version: '1.2.3' });
    await proxy.remove();
    expect(await client.getAll()).toEqual({});
    await expect(client.get('p')).rejects.toThrow('status code 404');
  });

  it('says why when its own port is taken, and leaves no proxy behind', async () => {
    await expect(startProxyServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends all connections and listeners when closed', async () => {
    await using origin = await Origin.start();
    const own = await startProxyServer({ port: 0 });
    const proxy = await new ApiClient(own.url).proxy(origin.address);
    const client = await dial(proxy.listen);
    await origin.next();
    await own.close();
    expect(await client.ending()).toBe('fin');
    expect(await tryDial(proxy.listen)).toBe('ECONNREFUSED');
    expect(await tryDial(`127.0.0.1:${own.port}`)).toBe('ECONNREFUSED');
  });
});

describe('GET /plimsoll/traffic', () => {
  it('counts live what crossed, by proxy', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    const idle = await api.proxy(origin.address);
    expect(await traffic(proxy)).toEqual({
      upstreamBytes: 0,
      downstreamBytes: 0,
      connectionsOpen: 0,
      connectionsTotal: 0,
      toxics: {},
    });
    const one = await dial(proxy.listen);
    const two = await dial(proxy.listen);
    one.socket.write('12345');
    two.socket.write('678');
    await one.until(5);
    await two.until(3);
    const live = { upstreamBytes: 8, downstreamBytes: 8, connectionsTotal: 2, toxics: {} };
    expect(await traffic(proxy)).toEqual({ ...live, connectionsOpen: 2 });
    one.socket.end();
    expect(await one.ending()).toBe('fin');
    await sleep(50);
    expect(await traffic(proxy)).toEqual({ ...live, connectionsOpen: 1 });
    expect((await traffic(idle)).connectionsTotal).toBe(0);
    two.socket.destroy();
  });

  it('shows what each toxic did', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'latency', 'upstream', { latency: 30 });
    await api.toxic(proxy, 'limit_data', 'downstream', { bytes: 5 });
    const untouched = { chunks: 0, meanDelayMs: null, droppedBytes: 0, closedConnections: 0 };
    expect((await traffic(proxy)).toxics).toEqual({ latency_upstream: untouched, limit_data_downstream: untouched });
    const client = await dial(proxy.listen);
    client.socket.write('abc');
    await client.until(3);
    client.socket.write('def');
    expect(await client.ending()).toBe('fin');
    const seen = (await traffic(proxy)).toxics;
    expect(seen['latency_upstream']).toMatchObject({ chunks: 2, droppedBytes: 0, closedConnections: 0 });
    expect(seen['latency_upstream']?.meanDelayMs).toBeGreaterThanOrEqual(29.9);
    expect(seen['latency_upstream']?.meanDelayMs).toBeLessThan(60);
    expect(seen['limit_data_downstream']).toMatchObject({ chunks: 2, droppedBytes: 1, closedConnections: 1 });
    client.socket.destroy();
  });

  it('shows nothing for a toxic that was not rolled', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, 0);
    const client = await dial(proxy.listen);
    client.socket.write('abc');
    await client.until(3);
    expect((await traffic(proxy)).toxics['timeout_upstream']).toMatchObject({ chunks: 0, droppedBytes: 0 });
    client.socket.destroy();
  });

  it('gives the delay of the close for slow_close, and what timeout dropped', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'slow_close', 'upstream', { delay: 80 });
    const first = await dial(proxy.listen);
    first.socket.end('abc');
    expect(await first.ending()).toBe('fin');
    const slow = (await traffic(proxy)).toxics['slow_close_upstream'];
    expect(slow?.closedConnections).toBe(1);
    expect(slow?.meanDelayMs).toBeGreaterThanOrEqual(79.9);
    await api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 });
    const second = await dial(proxy.listen);
    second.socket.write('swallowed');
    await sleep(50);
    expect((await traffic(proxy)).toxics['timeout_upstream']).toMatchObject({ droppedBytes: 9, meanDelayMs: null });
    second.socket.destroy();
  });
});

describe('seed', () => {
  it('decides which connections a toxic hits', async () => {
    const hits = async (seed: number): Promise<string> => {
      await using origin = await Origin.start();
      const own = await startProxyServer({ port: 0, seed });
      const client = new ApiClient(own.url);
      const proxy = await client.proxy(origin.address);
      await client.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, 0.5);
      for (let i = 0; i < 24; i += 1) {
        const peer = await dial(proxy.listen);
        peer.socket.write('x');
        await origin.next();
      }
      await sleep(60);
      const pattern = origin.peers.map(({ length }) => length).join('');
      await own.close();
      return pattern;
    };
    const first = await hits(1);
    expect(first).toMatch(/0/);
    expect(first).toMatch(/1/);
    expect(await hits(1)).toBe(first);
    expect(await hits(2)).not.toBe(first);
  });

  it('decides how long jitter makes each chunk wait', async () => {
    const delays = async (seed: number): Promise<number[]> => {
      await using origin = await Origin.echo();
      const own = await startProxyServer({ port: 0, seed });
      const client = new ApiClient(own.url);
      const proxy = await client.proxy(origin.address);
      await client.toxic(proxy, 'latency', 'upstream', { latency: 70, jitter: 70 });
      const peer = await dial(proxy.listen);
      const times: number[] = [];
      for (let i = 0; i < 16; i += 1) {
        const start = performance.now();
        peer.socket.write('x');
        await peer.until(i + 1);
        times.push(performance.now() - start);
      }
      await own.close();
      return times;
    };
    const [one, again, other] = await Promise.all([delays(1), delays(1), delays(2)]);
    expect(correlation(one, again)).toBeGreaterThan(0.9);
    expect(correlation(one, other)).toBeLessThan(0.8);
  });
});

describe('metrics', () => {
  it('counts bytes when a connection ends, keeps them over deletion, and is no page without the flag', async () => {
    expect((await api.get('/metrics')).status).toBe(404);
    await using origin = await Origin.echo();
    const own = await startProxyServer({ port: 0, proxyMetrics: true, runtimeMetrics: true });
    const client = new ApiClient(own.url);
    const proxy = await client.proxy(origin.address, { name: 'a"b' });
    const peer = await dial(proxy.listen);
    peer.socket.write('12345');
    await peer.until(5);
    expect((await client.get('/metrics')).text).not.toContain('toxiproxy_proxy_sent_bytes_total{');
    peer.socket.end();
    await peer.ending();
    await sleep(50);
    await client.delete(`/proxies/${encodeURIComponent(proxy.name)}`);
    const { text } = await client.get('/metrics');
    const labels = String.raw`{direction="downstream",listener="${proxy.listen}",proxy="a\"b",upstream="${origin.address}"}`;
    expect(text).toContain(`toxiproxy_proxy_sent_bytes_total${labels} 5\n`);
    expect(text).toContain(`toxiproxy_proxy_received_bytes_total${labels} 5\n`);
    expect(text).toContain('process_cpu_seconds_total');
    await own.close();
  });
});

it('a free port is free (the tests above depend on it)', async () => {
  expect(await tryDial(`127.0.0.1:${await freePort()}`)).toBe('ECONNREFUSED');
});

function correlation(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const sum = (as: readonly number[], bs: readonly number[]): number =>
    as.reduce((total, a, i) => total + (a - mean(as)) * ((bs[i] ?? 0) - mean(bs)), 0);
  return sum(xs, ys) / Math.sqrt(sum(xs, xs) * sum(ys, ys));
}
