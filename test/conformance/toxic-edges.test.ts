import { expect, it } from 'vitest';
import { hop, hops, pair } from '../proxy/support/pairs.js';
import { median, Origin, sleep } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

onBothServers('latency, at its edges', (server) => {
  it('does not delay the end of a stream without data', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency: 5000 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.end();
    expect(await peer.ending(1500)).toBe('fin');
  });

  it('is not restarted by an update that fails', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'latency', 'upstream', { latency: 400 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write('x');
    await sleep(100);
    expect((await server.api.post(path, { attributes: { jitter: 'x' } })).status).toBe(400);
    expect((await server.api.post(path, '{')).status).toBe(400);
    await sleep(100);
    expect(peer.length).toBe(0);
    await peer.until(1);
    client.socket.destroy();
  });
});

onBothServers('bandwidth, at its edges', (server) => {
  it('at rate 0 holds up the sender, and lets all go when removed', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 0 });
    const { client, peer } = await pair(proxy, origin);
    const total = 32 * 1024 * 1024;
    client.socket.write(Buffer.alloc(total));
    await sleep(300);
    expect(peer.length).toBe(0);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect((await server.api.delete(path)).status).toBe(204);
    await peer.until(total, 10_000);
    client.socket.destroy();
  });

  it('earns no credit while nothing is sent', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'bandwidth', 'downstream', { rate: 100 });
    const { client, peer } = await pair(proxy, origin);
    await hop(peer, client);
    await sleep(500);
    const start = performance.now();
    peer.socket.write(Buffer.alloc(20_000));
    await client.until(20_001);
    expect(performance.now() - start).toBeGreaterThanOrEqual(190);
    client.socket.destroy();
  });

  it('takes a new rate at once', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 1 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write(Buffer.alloc(100_000));
    await sleep(150);
    expect(peer.length).toBeLessThan(1000);
    await server.api.post(path, { attributes: { rate: 10_000 } });
    await peer.until(100_000, 3000);
    client.socket.destroy();
  });
});

onBothServers('latency and bandwidth together', (server) => {
  it('add one latency to the transmission time', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency: 100 });
    await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 1000 });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    client.socket.write(Buffer.alloc(300_000));
    await peer.until(300_000);
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(390);
    expect(took).toBeLessThan(650);
    client.socket.destroy();
  });
});

onBothServers('slow_close and slicer, at their edges', (server) => {
  it('slow_close with a negative delay closes at once', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'slow_close', 'upstream', { delay: -1000 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.end('data');
    expect(await peer.ending(1000)).toBe('fin');
    expect(peer.text).toBe('data');
  });

  it('slicer waits after the last piece too: the next chunk and the end come later', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'slicer', 'upstream', { average_size: 1000, delay: 150_000 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write('one');
    await peer.until(3);
    const first = peer.arrivals[0]?.atMs ?? 0;
    client.socket.end('two');
    await peer.until(6);
    expect((peer.arrivals[1]?.atMs ?? 0) - first).toBeGreaterThanOrEqual(148);
    expect(await peer.ending()).toBe('fin');
    expect((peer.endedAtMs ?? 0) - first).toBeGreaterThanOrEqual(297);
  });

  it('slicer without a delay loses nothing of a long stream', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'slicer', 'upstream', { average_size: 1024, size_variation: 512, delay: 0 });
    const { client, peer } = await pair(proxy, origin);
    const data = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i % 251));
    client.socket.end(data);
    expect(await peer.ending()).toBe('fin');
    expect(peer.data.equals(data)).toBe(true);
  });
});

onBothServers('reset_peer, at its edges', (server) => {
  it.each(['upstream', 'downstream'] as const)('resets at once with timeout 0, %s', async (stream) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'reset_peer', stream, { timeout: 0 });
    const { client, peer } = await pair(proxy, origin);
    (stream === 'upstream' ? client : peer).socket.write('x');
    expect([await client.ending(), await peer.ending()]).toEqual(['reset', 'reset']);
    expect([client.length, peer.length]).toEqual([0, 0]);
  });

  it('takes the end of the stream for a first chunk', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'reset_peer', 'upstream', { timeout: 150 });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    client.socket.end();
    expect(await peer.ending()).toBe('reset');
    expect((peer.endedAtMs ?? 0) - start).toBeGreaterThanOrEqual(149);
  });
});

onBothServers('limit_data, at its edges', (server) => {
  it('counts over several chunks, downstream too, and each connection for itself', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'limit_data', 'downstream', { bytes: 100 });
    for (let i = 0; i < 2; i += 1) {
      const { client, peer } = await pair(proxy, origin);
      for (let chunk = 1; chunk <= 2; chunk += 1) {
        peer.socket.write(Buffer.alloc(40));
        await client.until(chunk * 40);
      }
      expect(await client.ending(60)).toBe('open');
      peer.socket.write(Buffer.alloc(40));
      expect(await client.ending()).toBe('fin');
      expect(client.length).toBe(100);
    }
  });

  it('with a limit that is never reached passes the end of the stream', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'limit_data', 'upstream', { bytes: 1_000_000 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.end(Buffer.alloc(50_000));
    expect(await peer.ending()).toBe('fin');
    expect(peer.length).toBe(50_000);
  });
});

onBothServers('toxics that come and go on one connection', (server) => {
  it('act while they are there, in their stream', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    for (const latency of [60, 90]) {
      const up = await server.api.toxic(proxy, 'latency', 'upstream', { latency });
      expect(Math.min(...(await hops(client, peer, 3)))).toBeGreaterThanOrEqual(latency - 0.2);
      const down = await server.api.toxic(proxy, 'latency', 'downstream', { latency });
      expect(Math.min(...(await hops(peer, client, 3)))).toBeGreaterThanOrEqual(latency - 0.2);
      await server.api.delete(up);
      expect(median(await hops(client, peer, 5))).toBeLessThan(latency / 2);
      await server.api.post(down, { toxicity: 0 });
      expect(median(await hops(peer, client, 5))).toBeLessThan(latency / 2);
      await server.api.delete(down);
    }
    client.socket.destroy();
  });

  it.each(['noop', 'latency', 'slow_close', 'limit_data'])('%s passes a message in two parts', async (type) => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, type, 'upstream', type === 'limit_data' ? { bytes: 1000 } : {});
    const { client, peer } = await pair(proxy, origin);
    client.socket.write('hello');
    await peer.until(5);
    client.socket.write(' world');
    await peer.until(11);
    expect(peer.text).toBe('hello world');
    client.socket.destroy();
  });
});
