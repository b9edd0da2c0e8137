import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { dial, median, Origin, type Peer, sleep } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

interface Pair {
  client: Peer;
  peer: Peer;
}

async function pair(proxy: ProxyJson, origin: Origin): Promise<Pair> {
  const client = await dial(proxy.listen);
  return { client, peer: await origin.next() };
}

/** How long one byte takes from one end to the other, ms. */
async function hop(from: Peer, to: Peer): Promise<number> {
  const before = to.length;
  const sentAtMs = performance.now();
  from.socket.write('x');
  await to.until(before + 1);
  return performance.now() - sentAtMs;
}

async function hops(from: Peer, to: Peer, count: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i += 1) all.push(await hop(from, to));
  return all;
}

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
      attributes: { latency: 60 },
    });
    await server.api.post(`/proxies/${proxy.name}/toxics`, {
      name: 'b',
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 60 },
    });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    client.socket.end('x');
    expect(await peer.ending()).toBe('fin');
    expect(peer.text).toBe('x');
    expect((peer.arrivals[0]?.atMs ?? 0) - start).toBeGreaterThanOrEqual(119);
    expect((peer.arrivals[0]?.atMs ?? 0) - start).toBeLessThan(180);
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
      expect(ms).toBeLessThan(480);
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
    expect(first).toBeLessThan(140);
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
    expect((plain.peer.endedAtMs ?? 0) - start).toBeLessThan(300);

    const updated = await pair(proxy, origin);
    start = performance.now();
    updated.client.socket.end();
    await sleep(100);
    await server.api.post(path, { attributes: { delay: 250 } });
    expect(await updated.peer.ending()).toBe('fin');
    expect((updated.peer.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(348);

    await server.api.post(path, { attributes: { delay: 60_000 } });
    const removed = await pair(proxy, origin);
    removed.client.socket.end();
    expect(await removed.peer.ending(50)).toBe('open');
    await server.api.delete(path);
    expect(await removed.peer.ending(500)).toBe('fin');
  });
});

onBothServers('timeout', (server) => {
  it('drops data and closes so long after the last chunk', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 200 });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    await sleep(120);
    client.socket.write('lost');
    expect([await client.ending(), await peer.ending()]).toEqual(['fin', 'fin']);
    expect((client.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(318);
    expect((client.endedAtMs ?? 0) - start).toBeLessThan(420);
    expect(peer.length).toBe(0);
  });

  it('starts anew when updated or when another comes behind it', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 200 });
    for (const change of ['update', 'append']) {
      const { client } = await pair(proxy, origin);
      const start = performance.now();
      await sleep(120);
      if (change === 'update') await server.api.post(path, {});
      else await server.api.toxic(proxy, 'noop', 'upstream', {});
      expect(await client.ending()).toBe('fin');
      expect((client.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(318);
    }
  });

  it.each([0, -5])('never closes by itself with %d; data in the other direction and FIN pass', async (timeout) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'timeout', 'upstream', { timeout });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write('lost');
    peer.socket.write('kept');
    await client.until(4);
    expect(await client.ending(200)).toBe('open');
    client.socket.end();
    expect(await peer.ending()).toBe('fin');
    expect(peer.length).toBe(0);
  });

  it.each(['delete', 'reset'])('closes live connections on %s, even at toxicity 0', async (how) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, 0);
    const { client, peer } = await pair(proxy, origin);
    await hop(client, peer);
    if (how === 'delete') await server.api.delete(path);
    else await server.api.post('/reset');
    expect([await client.ending(), await peer.ending()]).toEqual(['fin', 'fin']);
  });

  it('acts on live connections when added, and lets data pass after toxicity 0', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    await hop(client, peer);
    const path = await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 });
    client.socket.write('lost');
    await sleep(100);
    expect(peer.text).toBe('x');
    await server.api.post(path, { toxicity: 0 });
    client.socket.write('y');
    await peer.until(2);
    expect(peer.text).toBe('xy');
    client.socket.destroy();
  });
});

onBothServers('reset_peer', (server) => {
  it.each(['upstream', 'downstream'] as const)('resets both sides after the first chunk %s', async (stream) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'reset_peer', stream, { timeout: 100 });
    const { client, peer } = await pair(proxy, origin);
    expect(await client.ending(150)).toBe('open');
    const [from, to] = stream === 'upstream' ? [client, peer] : [peer, client];
    const start = performance.now();
    from.socket.write('x');
    expect([await client.ending(), await peer.ending()]).toEqual(['reset', 'reset']);
    expect((to.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(99);
    expect(to.length).toBe(0);
  });

  it('ends an older connection with FIN', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    await server.api.toxic(proxy, 'reset_peer', 'upstream', {});
    client.socket.write('x');
    expect([await client.ending(), await peer.ending()]).toEqual(['fin', 'fin']);
  });

  it('makes every close a reset, even at toxicity 0 or when removed', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'reset_peer', 'upstream', {}, 0);
    const one = await pair(proxy, origin);
    await hop(one.client, one.peer);
    one.client.socket.end();
    expect(await one.peer.ending()).toBe('reset');
    const two = await pair(proxy, origin);
    await hop(two.client, two.peer);
    await server.api.delete(path);
    two.client.socket.end();
    expect(await two.peer.ending()).toBe('reset');
  });
});

onBothServers('slicer', (server) => {
  it.each([
    [2000, 100, 32],
    [1000, 300, 4],
    [24, 1, 24],
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

onBothServers('limit_data', (server) => {
  it.each([
    [100, 99, 99, 'open'],
    [100, 100, 100, 'fin'],
    [100, 150, 100, 'fin'],
    [0, 10, 0, 'fin'],
    [-1, 10, 0, 'fin'],
  ])('limit %d: of %d bytes %d pass, then %s', async (bytes, sent, passed, ending) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'limit_data', 'upstream', { bytes });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write(Buffer.alloc(sent));
    expect(await peer.ending(ending === 'open' ? 150 : 2000)).toBe(ending);
    expect(peer.length).toBe(passed);
    client.socket.destroy();
  });

  it('keeps its count over updates, and begins at 0 when added again', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'limit_data', 'upstream', { bytes: 100 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write(Buffer.alloc(60));
    await peer.until(60);
    await server.api.post(path, { attributes: { bytes: 80 } });
    await server.api.delete(path);
    await server.api.toxic(proxy, 'limit_data', 'upstream', { bytes: 100 });
    client.socket.write(Buffer.alloc(60));
    await peer.until(120);
    await server.api.post(path, { attributes: { bytes: 70 } });
    client.socket.write(Buffer.alloc(60));
    expect(await peer.ending()).toBe('fin');
    expect(peer.length).toBe(130);

    await server.api.post(path, { attributes: { bytes: 50 } });
    const lowered = await pair(proxy, origin);
    lowered.client.socket.write(Buffer.alloc(40));
    await lowered.peer.until(40);
    await server.api.post(path, { attributes: { bytes: 30 } });
    expect(await lowered.peer.ending(100)).toBe('open');
    lowered.client.socket.write('x');
    expect(await lowered.peer.ending()).toBe('fin');
    expect(lowered.peer.length).toBe(40);
  });
});

onBothServers('toxicity', (server) => {
  it.each([
    [0, 0, 0],
    [-1, 0, 0],
    [1, 30, 30],
    [2.5, 30, 30],
    [0.5, 4, 26],
  ])('of %d hits %d to %d of 30 connections, and all of a connection alike', async (toxicity, least, most) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, toxicity);
    const pairs: Pair[] = [];
    for (let i = 0; i < 30; i += 1) pairs.push(await pair(proxy, origin));
    for (const letter of ['a', 'b']) {
      for (const { client } of pairs) client.socket.write(letter);
      await sleep(60);
    }
    await sleep(60);
    const texts = pairs.map(({ peer }) => peer.text);
    expect(texts.every((text) => text === '' || text === 'ab')).toBe(true);
    const hit = texts.filter((text) => text === '').length;
    expect(hit).toBeGreaterThanOrEqual(least);
    expect(hit).toBeLessThanOrEqual(most);
    for (const { client } of pairs) client.socket.destroy();
  });
});
