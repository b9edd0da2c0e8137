import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { dial, freePort, Origin, Peer, sleep, tryDial } from '../proxy/support/peers.js';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { onBothServers } from './both-servers.js';

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

onBothServers('data path', (server) => {
  it('carries bytes intact both ways', async () => {
    await using origin = await Origin.echo();
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    const data = randomBytes(3 * 1024 * 1024);
    client.socket.write(data);
    await client.until(data.length);
    expect(digest(client.data)).toBe(digest(data));
    client.socket.destroy();
  });

  it('dials a host by its name', async () => {
    await using origin = await Origin.echo();
    const client = await dial((await server.api.proxy(origin.address.replace('127.0.0.1', 'localhost'))).listen);
    client.socket.write('hello');
    await client.until(5);
    client.socket.destroy();
  });

  it('closes the upstream whole after a client FIN: the reply is lost, the client gets FIN', async () => {
    await using origin = await Origin.start();
    const client = await dial((await server.api.proxy(origin.address)).listen);
    client.socket.write('hello');
    const peer = await origin.next();
    await peer.until(5);
    client.socket.end();
    expect(await peer.ending()).toBe('fin');
    expect(await client.ending()).toBe('fin');
    peer.socket.write('late reply');
    await sleep(50);
    expect(client.text).toBe('');
  });

  it('delivers a server FIN after all its data, as FIN', async () => {
    const data = randomBytes(1024 * 1024);
    await using origin = await Origin.start(({ socket }) => socket.end(data));
    const client = await dial((await server.api.proxy(origin.address)).listen);
    expect(await client.ending()).toBe('fin');
    expect(digest(client.data)).toBe(digest(data));
    client.socket.end();
  });

  it('passes a reset of either side on as FIN', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const first = await dial(proxy.listen);
    const firstPeer = await origin.next();
    firstPeer.socket.resetAndDestroy();
    expect(await first.ending()).toBe('fin');
    const second = await dial(proxy.listen);
    const secondPeer = await origin.next();
    second.socket.resetAndDestroy();
    expect(await secondPeer.ending()).toBe('fin');
  });

  it('ends a client with FIN when the dial failed and it had said nothing', async () => {
    const proxy = await server.api.proxy(`127.0.0.1:${await freePort()}`);
    expect(await (await dial(proxy.listen)).ending()).toBe('fin');
  });

  it.each(['http://127.0.0.1', 'nonsense', '127.0.0.1:99999', ''])(
    'takes the upstream %j and fails at the dial',
    async (upstream) => {
      const proxy = await server.api.proxy('127.0.0.1:1');
      expect((await server.api.post(`/proxies/${proxy.name}`, { upstream })).status).toBe(200);
      expect(await (await dial(proxy.listen)).ending()).toBe('fin');
    },
  );

  it('holds up a sender whose receiver does not read', async () => {
    await using origin = await Origin.start(({ socket }) => socket.pause());
    const client = await dial((await server.api.proxy(origin.address)).listen);
    const total = 64 * 1024 * 1024;
    client.socket.write(Buffer.alloc(total));
    await sleep(600);
    const peer = await origin.next();
    const stuck = client.socket.bytesWritten - client.socket.writableLength;
    expect(client.socket.writableLength === 0 ? 'all taken' : 'held up').toBe('held up');
    expect(stuck).toBeLessThan(total);
    peer.socket.resume();
    await peer.until(total, 10_000);
    client.socket.destroy();
  });

  it('goes on when a toxic is added while the receiver holds the sender up', async () => {
    await using origin = await Origin.start(({ socket }) => socket.pause());
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    const total = 32 * 1024 * 1024;
    client.socket.write(Buffer.alloc(total));
    await sleep(400);
    // The real server answers only when the write that is held up is done.
    const adding = server.api.toxic(proxy, 'latency', 'upstream', { latency: 5 });
    await sleep(50);
    const peer = await origin.next();
    peer.socket.resume();
    await adding;
    await peer.until(total, 10_000);
    client.socket.destroy();
  });

  it('loses and reorders nothing while toxics come and go', async () => {
    const total = 3 * 1024 * 1024;
    const data = randomBytes(total);
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    const peer = await origin.next();
    let sent = 0;
    const pump = setInterval(() => {
      if (sent >= total || client.socket.writableLength > 1_000_000) return;
      client.socket.write(data.subarray(sent, sent + 40_000));
      sent += 40_000;
    }, 5);
    const path = `/proxies/${proxy.name}/toxics`;
    for (let round = 0; round < 12; round += 1) {
      await server.api.toxic(proxy, 'latency', 'upstream', { latency: 100, jitter: 50 });
      await server.api.toxic(proxy, 'slicer', 'upstream', { average_size: 3000, size_variation: 500, delay: 10 });
      await sleep(10);
      await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 2000 });
      await server.api.post(`${path}/latency_upstream`, { attributes: { latency: 10 } });
      await sleep(10);
      await server.api.delete(`${path}/slicer_upstream`);
      await server.api.delete(`${path}/latency_upstream`);
      await server.api.delete(`${path}/bandwidth_upstream`);
    }
    await peer.until(total, 10_000);
    clearInterval(pump);
    expect(digest(peer.data)).toBe(digest(data));
    client.socket.destroy();
  });
});

onBothServers('what lives over a change of the proxy', (server) => {
  /** One connection that works, and whether it still does after the change. */
  async function afterChange(change: (proxy: ProxyJson, origin: Origin) => Promise<void>): Promise<string> {
    await using origin = await Origin.echo();
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    client.socket.write('a');
    await client.until(1);
    await change(proxy, origin);
    client.socket.write('b');
    const ending = await client.ending(150);
    client.socket.destroy();
    return ending === 'open' && client.text === 'ab' ? 'lives' : ending;
  }

  it.each([
    ['nothing', () => ({})],
    ['the same values', (proxy: ProxyJson) => proxy],
    ['localhost for 127.0.0.1', (proxy: ProxyJson) => ({ listen: proxy.listen.replace('127.0.0.1', 'localhost') })],
  ])('survives an update with %s', async (_what, body) => {
    expect(
      await afterChange(async (proxy) => {
        await server.api.post(`/proxies/${proxy.name}`, body(proxy));
      }),
    ).toBe('lives');
  });

  it('survives reset and populate with the same', async () => {
    expect(
      await afterChange(async (proxy) => {
        await server.api.toxic(proxy, 'latency', 'upstream', { latency: 5 });
        await server.api.post('/reset');
        await server.api.post('/populate', [proxy]);
      }),
    ).toBe('lives');
  });

  it.each([
    ['disable', { enabled: false }],
    ['another upstream', { upstream: '127.0.0.1:1' }],
    ['port 0', { listen: '127.0.0.1:0' }],
  ])('is closed by %s', async (_what, body) => {
    let old = '';
    expect(
      await afterChange(async (proxy) => {
        old = proxy.listen;
        await server.api.post(`/proxies/${proxy.name}`, body);
      }),
    ).not.toBe('lives');
    expect(await tryDial(old)).toBe('upstream' in body ? 'connected' : 'ECONNREFUSED');
  });

  it('is closed by delete, with FIN at both ends', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    const peer = await origin.next();
    await server.api.delete(`/proxies/${proxy.name}`);
    expect([await client.ending(), await peer.ending()]).toEqual(['fin', 'fin']);
    expect(await tryDial(proxy.listen)).toBe('ECONNREFUSED');
  });

  it('drops what a toxic holds when disabled', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency: 200 });
    const client = await dial(proxy.listen);
    const peer = await origin.next();
    client.socket.write('held');
    await sleep(30);
    await server.api.post(`/proxies/${proxy.name}`, { enabled: false });
    expect(await peer.ending()).toBe('fin');
    await sleep(250);
    expect(peer.text).toBe('');
    client.socket.destroy();
  });
});

it('a peer tells FIN from reset (the cases above depend on it)', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  const peer: Peer = await dial(`127.0.0.1:${port}`);
  peer.socket.write('x');
  expect(await peer.ending()).toBe('reset');
  server.close();
});
