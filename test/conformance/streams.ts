import { expect } from 'vitest';
import { pair } from '../proxy/support/pairs.js';
import { Origin, sleep } from '../proxy/support/peers.js';
import type { ServerUnderTest } from './both-servers.js';

/** Connections that end right behind their data: it arrives, however the close races with a toxic's wait. */
export async function expectDataBeforeClose({ api }: ServerUnderTest, times: number): Promise<void> {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  await api.toxic(proxy, 'latency', 'upstream', { latency: 1 });
  for (let i = 0; i < times; i += 1) {
    const { client, peer } = await pair(proxy, origin);
    client.socket.end('hello');
    expect(await peer.ending()).toBe('fin');
    expect(peer.text).toBe('hello');
    client.socket.destroy();
  }
}

/** Numbered messages, while a latency of a second comes and goes. */
export async function expectAllMessages({ api }: ServerUnderTest, count: number): Promise<void> {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  const { client, peer } = await pair(proxy, origin);
  const writing = { over: false };
  const sending = (async () => {
    for (let i = 0; i < count; i += 1) {
      const message = Buffer.alloc(2);
      message.writeUInt16BE(i);
      client.socket.write(message);
      if (i % 32 === 0) await new Promise(setImmediate);
    }
    writing.over = true;
  })();
  for (let round = 0; !writing.over || round < 3; round += 1) {
    const path = await api.toxic(proxy, 'latency', 'upstream', { latency: 1000 });
    await sleep(5);
    await api.delete(path);
    await sleep(5);
  }
  await sending;
  await peer.until(count * 2, 10_000);
  const { data } = peer;
  const misplaced = Array.from({ length: count }, (_, i) => i).find((i) => data.readUInt16BE(i * 2) !== i);
  expect(misplaced).toBeUndefined();
  client.socket.destroy();
}
