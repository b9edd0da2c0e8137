import { expect } from 'vitest';
import type { ProxyTraffic } from '../../../src/proxy/index.js';
import type { ApiClient, ProxyJson } from './api-client.js';
import { dial, Origin, sleep } from './peers.js';

/** So many clients at once, each with a word of its own, which end in all ways. */
export async function expectFloodServed(api: ApiClient, count: number): Promise<void> {
  await using origin = await Origin.echo();
  const proxy = await api.proxy(origin.address);
  await api.toxic(proxy, 'latency', 'downstream', { latency: 5, jitter: 5 });
  const clients = await Promise.all(Array.from({ length: count }, async () => dial(proxy.listen)));
  for (const [index, { socket }] of clients.entries()) socket.write(`client ${index};`);
  for (const [index, client] of clients.entries()) {
    const text = `client ${index};`;
    await client.until(text.length, 60_000);
    expect(client.text).toBe(text);
  }
  expect(await open(api, proxy)).toBe(count);
  for (const [index, { socket }] of clients.entries()) {
    if (index % 3 === 0) socket.end();
    else if (index % 3 === 1) socket.destroy();
    else socket.resetAndDestroy();
  }
  expect(await openAtMost(api, proxy, 0)).toBe(0);
}

/** How many connections are open, once it is no more than so many. */
export async function openAtMost(api: ApiClient, proxy: ProxyJson, count: number): Promise<number> {
  for (let attempt = 0; attempt < 100 && (await open(api, proxy)) > count; attempt += 1) await sleep(20);
  return open(api, proxy);
}

async function open(api: ApiClient, proxy: ProxyJson): Promise<number> {
  const all = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
  return all[proxy.name]?.connectionsOpen ?? Number.NaN;
}
