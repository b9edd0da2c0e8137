import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import { randomStream, type Random } from '../../src/proxy/random.js';
import { ApiClient, type ProxyJson } from './support/api-client.js';
import { dial, Origin, type Peer, sleep } from './support/peers.js';

const LONG = process.env['PLIMSOLL_LONG'] === '1';
const SEEDS = Array.from({ length: LONG ? 60 : 3 }, (_, index) => index + 1);

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 3 });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Attributes of toxics that must lose nothing, chosen by chance. */
function harmless(random: Random): { type: string; attributes: Record<string, number> } {
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const choices = [
    { type: 'latency', attributes: { latency: upTo(40), jitter: upTo(40) } },
    { type: 'bandwidth', attributes: { rate: upTo(4) === 0 ? 0 : 500 + upTo(20_000) } },
    { type: 'slicer', attributes: { average_size: 50 + upTo(3000), size_variation: upTo(50), delay: upTo(300) } },
    { type: 'slow_close', attributes: { delay: upTo(50) } },
    { type: 'noop', attributes: {} },
  ];
  return choices[upTo(choices.length)] ?? { type: 'noop', attributes: {} };
}

async function churn(proxy: ProxyJson, random: Random, steps: number): Promise<void> {
  const path = `/proxies/${proxy.name}/toxics`;
  const present: { name: string; type: string }[] = [];
  for (let step = 0; step < steps; step += 1) {
    const victim = Math.floor(random() * present.length);
    const toxic = harmless(random);
    const roll = random();
    const known = present[victim];
    if (known && (roll < 0.4 || present.length > 4)) {
      await api.delete(`${path}/${known.name}`);
      present.splice(victim, 1);
    } else if (known && known.type === toxic.type && roll < 0.7) {
      await api.post(`${path}/${known.name}`, { attributes: toxic.attributes, toxicity: random() });
    } else {
      const name = `t${step}`;
      await api.post(path, {
        ...toxic,
        name,
        stream: random() < 0.5 ? 'upstream' : 'downstream',
        toxicity: random() * 2,
      });
      present.push({ name, type: toxic.type });
    }
    if (random() < 0.5) await sleep(random() * 15);
  }
  await api.post('/reset');
}

describe('toxics that come and go on live connections', () => {
  it.each(SEEDS)('lose and reorder nothing in either direction (seed %d)', async (seed) => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    const random = randomStream(seed, 'churn');
    const data = randomBytes(2_000_000);
    const clients: Peer[] = [];
    for (let i = 0; i < 5; i += 1) clients.push(await dial(proxy.listen));
    const churning = churn(proxy, random, 80);
    for (let sent = 0; sent < data.length; sent += 50_000) {
      for (const { socket } of clients) socket.write(data.subarray(sent, sent + 50_000));
      await sleep(10);
    }
    await churning;
    for (const client of clients) {
      await client.until(data.length, 10_000);
      expect(digest(client.data)).toBe(digest(data));
      client.socket.end();
    }
    for (const client of clients) expect(await client.ending()).toBe('fin');
  });
});

describe('connections', () => {
  it('are all forgotten, however they end while toxics come and go', async () => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    const random = randomStream(9, 'endings');
    const churning = churn(proxy, random, 150);
    const churned = { over: false };
    const watching = churning.then(() => {
      churned.over = true;
    });
    let count = 0;
    while (!churned.over && count < 600) {
      const batch = await Promise.all(Array.from({ length: 4 }, async () => dial(proxy.listen)));
      count += batch.length;
      for (const { socket } of batch) {
        socket.write('hello');
        if (random() < 0.3) socket.resetAndDestroy();
        else if (random() < 0.5) socket.end();
        else setTimeout(() => socket.destroy(), random() * 20);
      }
      await sleep(5);
    }
    await watching;
    expect(count).toBeGreaterThan(50);
    let open = Number.NaN;
    for (let attempt = 0; attempt < 100 && open !== 0; attempt += 1) {
      await sleep(20);
      const traffic = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
      open = traffic[proxy.name]?.connectionsOpen ?? Number.NaN;
    }
    expect(open).toBe(0);
  });
});

it('the API answers at once while a chunk is cut into thousands of slices', async () => {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  await api.toxic(proxy, 'slicer', 'upstream', { average_size: 1 });
  const client = await dial(proxy.listen);
  const total = 300_000;
  client.socket.write(Buffer.alloc(total));
  const peer = await origin.next();
  const waits: number[] = [];
  while (peer.length < total) {
    const start = performance.now();
    await api.get('/version');
    waits.push(performance.now() - start);
  }
  expect(waits.length).toBeGreaterThan(5);
  expect(Math.max(...waits)).toBeLessThan(300);
  client.socket.destroy();
});
