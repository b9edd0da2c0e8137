import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { median, Origin, sleep } from '../proxy/support/peers.js';
import { hops, pair } from '../proxy/support/pairs.js';
import { onBothServers } from './both-servers.js';

onBothServers('latency', (server) => {
  it.each(['upstream', 'downstream'] as const)('delays %s only, never early', async (stream) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', stream, { latency: 40 });
    const { client, peer } = await pair(proxy, origin);
    const [slow, fast] =
      stream === 'upstream'
        ? ([
            [client, peer],
            [peer, client],
          ] as const)
        : ([
            [peer, client],
            [client, peer],
          ] as const);
    const delays = await hops(slow[0], slow[1], 8);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(39.9);
    expect(median(delays)).toBeLessThan(55);
    expect(median(await hops(fast[0], fast[1], 8))).toBeLessThan(15);
    client.socket.destroy();
  });

  it('spreads over the jitter', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency: 15, jitter: 10 });
    const { client, peer } = await pair(proxy, origin);
    const delays = await hops(client, peer, 40);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(4.9);
    expect(Math.min(...delays)).toBeLessThan(12);
    expect(Math.max(...delays)).toBeGreaterThan(19);
    expect(median(delays)).toBeGreaterThan(10);
    expect(median(delays)).toBeLessThan(24);
    client.socket.destroy();
  });

  it.each([[{ latency: 0 }], [{ latency: -100 }], [{ latency: 0, jitter: -100 }], [{ latency: 9_223_372_036_855 }]])(
    'does not delay with %j',
    async (attributes) => {
      await using origin = await Origin.start();
      const proxy = await server.api.proxy(origin.address);
      await server.api.toxic(proxy, 'latency', 'upstream', attributes);
      const { client, peer } = await pair(proxy, origin);
      expect(median(await hops(client, peer, 5))).toBeLessThan(20);
      client.socket.destroy();
    },
  );

  it('is pipelined: twenty chunks 10 ms apart take 200 ms and one latency', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency: 150 });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    for (let i = 0; i < 20; i += 1) {
      client.socket.write('x');
      await sleep(10);
    }
    await peer.until(20);
    expect(performance.now() - start).toBeLessThan(550);
    client.socket.destroy();
  });

  it('adds up in series for a lone chunk, and the end travels behind the data', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.post(`/proxies/${proxy.name}/toxics`, {
      name: 'a',
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 30 },
    });
    await server.api.post(`/proxies/${proxy.name}/toxics`, {
      name: 'b',
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 30 },
    });
    const { client, peer } = await pair(proxy, origin);
    const delays = await hops(client, peer, 5);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(59.9);
    expect(median(delays)).toBeLessThan(88);
    client.socket.end('end');
    expect(await peer.ending()).toBe('fin');
    expect(peer.text).toBe('xxxxxend');
  });

  it('lets held data go at once when removed, updated or followed by another', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    for (const change of ['remove', 'update', 'append', 'reset']) {
      const path = await server.api.toxic(proxy, 'latency', 'upstream', { latency: 5000 });
      const { client, peer } = await pair(proxy, origin);
      client.socket.write('x');
      await sleep(30);
      expect(peer.length).toBe(0);
      if (change === 'remove') await server.api.delete(path);
      if (change === 'update') await server.api.post(path, { attributes: { latency: 4000 } });
      if (change === 'append') await server.api.toxic(proxy, 'noop', 'upstream', {});
      if (change === 'reset') await server.api.post('/reset');
      await peer.until(1, 1000);
      client.socket.destroy();
      await server.api.post('/reset');
    }
  });
});

onBothServers('bandwidth', (server) => {
  it('takes the transmission time, for each connection', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 1000 });
    const pairs = [await pair(proxy, origin), await pair(proxy, origin)];
    const start = performance.now();
    for (const { client } of pairs) client.socket.write(Buffer.alloc(400_000));
    const took = await Promise.all(
      pairs.map(async ({ peer }) => {
        await peer.until(400_000);
        return performance.now() - start;
      }),
    );
    for (const ms of took) {
      expect(ms).toBeGreaterThan(385);
      expect(ms).toBeLessThan(560);
    }
    for (const { client } of pairs) client.socket.destroy();
  });

  it('sends what is more than 100 ms worth in pieces', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 10 });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    client.socket.write(Buffer.alloc(3500));
    await peer.until(3500);
    expect(peer.arrivals.map(({ data }) => data.length)).toEqual([1000, 1000, 1000, 500]);
    const first = (peer.arrivals[0]?.atMs ?? 0) - start;
    expect(first).toBeGreaterThan(95);
    expect(first).toBeLessThan(190);
    expect(performance.now() - start).toBeGreaterThan(340);
    client.socket.destroy();
  });

  it('stalls at rate 0 until updated; the end passes when no data is pending', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 0 });
    const silent = await pair(proxy, origin);
    silent.client.socket.end();
    expect(await silent.peer.ending()).toBe('fin');
    const { client, peer } = await pair(proxy, origin);
    client.socket.end('hello');
    expect(await peer.ending(200)).toBe('open');
    expect(peer.length).toBe(0);
    await server.api.post(path, { attributes: { rate: 1000 } });
    expect(await peer.ending()).toBe('fin');
    expect(peer.text).toBe('hello');
  });
});

onBothServers('slow_close', (server) => {
  it('holds the end back, anew after an update, and lets go when removed', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'slow_close', 'upstream', { delay: 200 });
    const plain = await pair(proxy, origin);
    let start = performance.now();
    plain.client.socket.end('data');
    await plain.peer.until(4, 100);
    expect(await plain.peer.ending()).toBe('fin');
    expect((plain.peer.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(199);
    expect((plain.peer.endedAtMs ?? 0) - start).toBeLessThan(400);

    await server.api.post(path, { attributes: { delay: 5000 } });
    const updated = await pair(proxy, origin);
    start = performance.now();
    updated.client.socket.end();
    await sleep(100);
    await server.api.post(path, { attributes: { delay: 250 } });
    expect(await updated.peer.ending()).toBe('fin');
    expect((updated.peer.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(348);
    expect((updated.peer.endedAtMs ?? 0) - start).toBeLessThan(4000);

    await server.api.post(path, { attributes: { delay: 60_000 } });
    const removed = await pair(proxy, origin);
    removed.client.socket.end();
    expect(await removed.peer.ending(50)).toBe('open');
    await server.api.delete(path);
    expect(await removed.peer.ending(500)).toBe('fin');
  });
});

onBothServers('slicer', (server) => {
  it.each([
    [2000, 100, 32],
    [1000, 300, 4],
    [24, 1, 24],
    // One message is one chunk, up to 32 KiB: otherwise there would be more pieces.
    [9000, 3000, 4],
    [30_000, 8000, 4],
  ])('cuts %d bytes at about %d into %d pieces', async (length, average, pieces) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'slicer', 'upstream', { average_size: average, size_variation: 0, delay: 4000 });
    const { client, peer } = await pair(proxy, origin);
    const data = randomBytes(length);
    const start = performance.now();
    client.socket.write(data);
    await peer.until(length);
    expect(peer.data.equals(data)).toBe(true);
    // A busy machine may read two pieces at once: at most a few, since they are 4 ms apart.
    expect(peer.arrivals.length).toBeGreaterThanOrEqual(Math.ceil(pieces * 0.8));
    expect(peer.arrivals.length).toBeLessThanOrEqual(pieces);
    expect(performance.now() - start).toBeGreaterThanOrEqual((pieces - 1) * 4 - 0.5);
    client.socket.destroy();
  });

  it('sends the rest at once when removed', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'slicer', 'upstream', {
      average_size: 10,
      size_variation: 2,
      delay: 500_000,
    });
    const { client, peer } = await pair(proxy, origin);
    const data = randomBytes(1000);
    client.socket.write(data);
    await sleep(50);
    expect(peer.length).toBeLessThan(20);
    await server.api.delete(path);
    await peer.until(1000, 500);
    expect(peer.data.equals(data)).toBe(true);
    client.socket.destroy();
  });
});
