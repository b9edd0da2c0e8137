import { expect, it } from 'vitest';
import { Origin, sleep } from '../proxy/support/peers.js';
import { pair, type Pair } from '../proxy/support/pairs.js';
import { onBothServers } from './both-servers.js';

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

onBothServers('the roll of toxicity', (server) => {
  /** Which of the connections let a byte pass. */
  async function pattern(pairs: readonly Pair[]): Promise<string> {
    const before = pairs.map(({ peer }) => peer.length);
    for (const { client } of pairs) client.socket.write('x');
    await sleep(100);
    return pairs.map(({ peer }, index) => (peer.length > (before[index] ?? 0) ? '1' : '0')).join('');
  }

  it('is kept, except when the toxic is updated or its right neighbour comes or goes', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, 0.5);
    const pairs: Pair[] = [];
    for (let i = 0; i < 40; i += 1) pairs.push(await pair(proxy, origin));
    const first = await pattern(pairs);
    expect(await pattern(pairs)).toBe(first);
    await server.api.toxic(proxy, 'noop', 'downstream', {});
    expect(await pattern(pairs)).toBe(first);

    await server.api.post(path, {});
    const updated = await pattern(pairs);
    expect(updated).not.toBe(first);
    const noop = await server.api.toxic(proxy, 'noop', 'upstream', {});
    const appended = await pattern(pairs);
    expect(appended).not.toBe(updated);
    await server.api.post(noop, {});
    expect(await pattern(pairs)).toBe(appended);
    await server.api.delete(noop);
    expect(await pattern(pairs)).not.toBe(appended);
    for (const { client } of pairs) client.socket.destroy();
  });

  it('is independent for the two directions', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    await server.api.toxic(proxy, 'timeout', 'upstream', { timeout: 0 }, 0.5);
    await server.api.toxic(proxy, 'timeout', 'downstream', { timeout: 0 }, 0.5);
    const pairs: Pair[] = [];
    for (let i = 0; i < 40; i += 1) pairs.push(await pair(proxy, origin));
    const up = await pattern(pairs);
    const down = await pattern(pairs.map(({ client, peer }) => ({ client: peer, peer: client })));
    const kinds = new Set(up.split('').map((letter, index) => letter + (down[index] ?? '')));
    expect([...kinds].sort()).toEqual(['00', '01', '10', '11']);
    for (const { client } of pairs) client.socket.destroy();
  });
});
