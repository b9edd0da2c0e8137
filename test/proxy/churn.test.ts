import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import { randomStream } from '../../src/proxy/random.js';
import { ApiClient } from './support/api-client.js';
import { churn } from './support/churn.js';
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

describe('toxics that come and go on live connections', () => {
  it.each(SEEDS)('lose and reorder nothing in either direction (seed %d)', async (seed) => {
    await using origin = await Origin.echo();
    const proxy = await api.proxy(origin.address);
    const random = randomStream(seed, 'churn');
    const data = randomBytes(2_000_000);
    const clients: Peer[] = [];
    for (let i = 0; i < 5; i += 1) clients.push(await dial(proxy.listen));
    const churning = churn(api, proxy, random, { steps: 80, pauseMs: 15 });
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
    const churning = churn(api, proxy, random, { steps: 150, pauseMs: 15 });
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
  const began = performance.now();
  while (peer.length < total) {
    const start = performance.now();
    await api.get('/version');
    waits.push(performance.now() - start);
  }
  expect(waits.length).toBeGreaterThan(5);
  // However busy the machine is: no answer waits for the slices, which take the whole time.
  expect(Math.max(...waits)).toBeLessThan((performance.now() - began) / 3);
  client.socket.destroy();
});
