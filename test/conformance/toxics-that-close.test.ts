import { expect, it } from 'vitest';
import { Origin, sleep } from '../proxy/support/peers.js';
import { hop, pair } from '../proxy/support/pairs.js';
import { onBothServers } from './both-servers.js';

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
    expect((client.endedAtMs ?? 0) - start).toBeLessThan(520);
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
