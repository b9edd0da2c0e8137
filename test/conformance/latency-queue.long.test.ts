import { expect, it } from 'vitest';
import { pair } from '../proxy/support/pairs.js';
import { Origin, sleep } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

onBothServers('the queue of latency', (server) => {
  it('holds 1024 chunks; what comes behind is not read until one leaves, and waits from then on', async () => {
    const latency = 4000;
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'latency', 'upstream', { latency });
    const { client, peer } = await pair(proxy, origin);
    const start = performance.now();
    // A millisecond apart, so that each byte is a chunk of its own.
    for (let i = 0; i < 1600; i += 1) {
      client.socket.write('x');
      await sleep(1);
    }
    expect(performance.now() - start).toBeLessThan(latency);
    await peer.until(1600, 4 * latency);
    const lateArrivals = peer.arrivals.filter(({ atMs }) => atMs - start >= 2 * latency - 1);
    const early = 1600 - lateArrivals.reduce((sum, { data }) => sum + data.length, 0);
    expect(early).toBeGreaterThanOrEqual(1024);
    expect(early).toBeLessThan(1400);
    client.socket.destroy();
  });
});
