import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import { ApiClient } from './support/api-client.js';
import { expectFloodServed, openAtMost } from './support/flood.js';
import { dial, freePort, Origin, type Peer, sleep, tryDial } from './support/peers.js';

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 1 });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

describe('clients', () => {
  it('may come 400 at once: each is served, and all are forgotten', async () => expectFloodServed(api, 400));

  it('that connect and leave at once cost nothing', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    for (let round = 0; round < 20; round += 1) {
      const burst = await Promise.all(Array.from({ length: 20 }, async () => dial(proxy.listen)));
      for (const { socket } of burst) socket.resetAndDestroy();
    }
    expect(await openAtMost(api, proxy, 0)).toBe(0);
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await client.until(1);
    client.socket.destroy();
  });

  it('that never read hold up themselves, not others', async () => {
    const total = 16 * 1024 * 1024;
    await using origin = await Origin.start(({ socket }) => socket.write(Buffer.alloc(total)));
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'latency', 'downstream', { latency: 1 });
    const slow = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const peer = await dial(proxy.listen);
        peer.socket.pause();
        return peer;
      }),
    );
    const quick = await dial(proxy.listen);
    await quick.until(total, 10_000);
    // What the slow ones did not take stays with the origin: neither the proxy nor its memory takes it in.
    const crossed = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
    expect((crossed[proxy.name]?.downstreamBytes ?? 0) - total).toBeLessThan(slow.length * total);
    for (const { socket } of slow) socket.resume();
    for (const peer of slow) await peer.until(total, 20_000);
    for (const { socket } of [...slow, quick]) socket.destroy();
  });

  it('that read a little at a time get everything in order', async () => {
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 253));
    await using origin = await Origin.start(({ socket }) => socket.end(data));
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'slicer', 'downstream', { average_size: 5000, size_variation: 1000 });
    const client = await dial(proxy.listen);
    client.socket.on('data', () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 2);
    });
    await client.until(data.length, 20_000);
    expect(client.data.equals(data)).toBe(true);
    client.socket.destroy();
  });

  it('that close one direction only are closed whole, and forgotten', async () => {
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address);
    const halves: Peer[] = [];
    for (let i = 0; i < 30; i += 1) {
      const client = await dial(proxy.listen);
      const peer = await origin.next();
      // Alternately, and the other side never says anything.
      (i % 2 === 0 ? client : peer).socket.end();
      halves.push(i % 2 === 0 ? peer : client);
    }
    for (const half of halves) expect(await half.ending()).toBe('fin');
    for (const { socket } of halves) socket.end();
    expect(await openAtMost(api, proxy, 0)).toBe(0);
  });
});

describe('upstreams', () => {
  it('that refuse end each client, and the next one is served when they are back', async () => {
    const port = await freePort();
    const proxy = await api.proxy(`127.0.0.1:${port}`);
    const refused = await Promise.all(Array.from({ length: 50 }, async () => dial(proxy.listen)));
    for (const client of refused) expect(['fin', 'reset']).toContain(await client.ending());
    for (const { socket } of refused) socket.destroy();
    const back = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => {
      back.listen(port, '127.0.0.1', resolve);
    });
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await client.until(1);
    client.socket.destroy();
    await new Promise((resolve) => {
      back.close(resolve);
    });
  });

  it('that reset at once, or after the first byte, end each client', async () => {
    await using origin = await Origin.start(({ socket }) => {
      if (Math.random() < 0.5) socket.resetAndDestroy();
      else socket.once('data', () => socket.resetAndDestroy());
    });
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'latency', 'upstream', { latency: 2 });
    for (let i = 0; i < 60; i += 1) {
      const client = await dial(proxy.listen);
      client.socket.write('x');
      expect(['fin', 'reset']).toContain(await client.ending());
      client.socket.destroy();
    }
    expect(await openAtMost(api, proxy, 0)).toBe(0);
  });

  it('that accept and never answer keep no other proxy waiting', async () => {
    await using silent = await Origin.start(({ socket }) => socket.pause());
    await using origin = await Origin.echo();
    const mute = await api.proxy(silent.address);
    const other = await api.proxy(origin.address);
    const waiting = await Promise.all(Array.from({ length: 50 }, async () => dial(mute.listen)));
    for (const { socket } of waiting) socket.write(Buffer.alloc(200_000));
    const client = await dial(other.listen);
    client.socket.write('x');
    await client.until(1);
    expect((await api.delete(`/proxies/${mute.name}`)).status).toBe(204);
    for (const peer of waiting) {
      expect(['fin', 'reset']).toContain(await peer.ending());
      peer.socket.destroy();
    }
    client.socket.destroy();
  });

  it('that are the proxy itself end in errors, not in death', async () => {
    const port = await freePort();
    const proxy = await api.proxy(`127.0.0.1:${port}`, { listen: `127.0.0.1:${port}`, enabled: false });
    // Each connection makes one more, until somebody stops it.
    await api.post(`/proxies/${proxy.name}`, { enabled: true });
    const client = await dial(`127.0.0.1:${port}`);
    await sleep(100);
    expect((await api.post(`/proxies/${proxy.name}`, { enabled: false })).status).toBe(200);
    expect(['fin', 'reset']).toContain(await client.ending());
    expect(await openAtMost(api, proxy, 0)).toBe(0);
    expect(await tryDial(`127.0.0.1:${port}`)).toBe('ECONNREFUSED');
    client.socket.destroy();
  });
});
