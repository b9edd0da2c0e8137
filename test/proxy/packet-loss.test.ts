import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer, type ProxyTraffic } from '../../src/proxy/index.js';
import packetLoss from '../../src/proxy/toxics/packet-loss.js';
import type { Flow, Memory } from '../../src/proxy/toxics/toxic.js';
import { randomStream } from '../../src/proxy/random.js';
import { ApiClient } from './support/api-client.js';
import { pair } from './support/pairs.js';
import { Origin, sleep } from './support/peers.js';

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 7 });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

/** Which of so many chunks are dropped: `x` and `.`. */
function pattern(lossRate: number, correlation: number, chunks: number): string {
  const memory: Memory = { bytes: 0, lastWasDropped: false };
  let seen = '';
  const flow = {
    random: randomStream(1, 'loss'),
    memory,
    send: () => (seen += '.'),
    drop: () => (seen += 'x'),
  } as unknown as Flow;
  const behaviour = packetLoss.behaviour({ loss_rate: lossRate, correlation }, flow);
  for (let n = 0; n < chunks; n++) behaviour.take(Buffer.alloc(1), 0);
  return seen;
}

const share = (text: string): number => text.split('').filter((one) => one === 'x').length / text.length;

describe('chance', () => {
  it.each([
    [0, 0, 0, 0],
    [-1, 0, 0, 0],
    [1, 0, 1, 1],
    [7, 0, 1, 1],
    // 20,000 draws: six standard errors are below 0.02.
    [0.2, 0, 0.18, 0.22],
    // Stationary share p / (1 - c) = 0.1 / 0.5.
    [0.1, 0.5, 0.17, 0.23],
  ])('loss_rate %d, correlation %d: between %d and %d are dropped', (lossRate, correlation, low, high) => {
    const dropped = share(pattern(lossRate, correlation, 20_000));
    expect(dropped).toBeGreaterThanOrEqual(low);
    expect(dropped).toBeLessThanOrEqual(high);
  });

  it('comes in bursts where it is correlated', () => {
    const afterDrop = (text: string): number =>
      share(
        text
          .split('')
          .filter((_, index) => index > 0 && text[index - 1] === 'x')
          .join(''),
      );
    expect(afterDrop(pattern(0.1, 0.5, 20_000))).toBeGreaterThan(0.5);
    expect(afterDrop(pattern(0.1, 0, 20_000))).toBeLessThan(0.2);
    expect(pattern(0.01, 1, 2000)).toMatch(/^\.+x+$/);
  });
});

it('drops chunks on the wire, and shows how many', async () => {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  const path = await api.toxic(proxy, 'packet_loss', 'upstream', { loss_rate: 0.5, correlation: 0.25 });
  expect((await api.get(path)).json()).toEqual({
    attributes: { loss_rate: 0.5, correlation: 0.25 },
    name: 'packet_loss_upstream',
    type: 'packet_loss',
    stream: 'upstream',
    toxicity: 1,
  });
  await api.post(path, { attributes: { loss_rate: 1 } });
  const { client, peer } = await pair(proxy, origin);
  client.socket.write('lost');
  await sleep(50);
  expect(peer.length).toBe(0);
  const all = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
  expect(all[proxy.name]?.toxics['packet_loss_upstream']).toEqual({
    chunks: 1,
    meanDelayMs: null,
    droppedBytes: 4,
    closedConnections: 0,
    hits: 1,
  });
  await api.delete(path);
  client.socket.write('kept');
  await peer.until(4);
  expect(peer.text).toBe('kept');
  client.socket.destroy();
});

it.each([[{ loss_rate: '1' }], [{ correlation: true }]])('refuses %j', async (attributes) => {
  const proxy = await api.proxy('127.0.0.1:1');
  const reply = await api.post(`/proxies/${proxy.name}/toxics`, { type: 'packet_loss', attributes });
  expect(reply.status).toBe(400);
  expect((reply.json() as { error: string }).error).toMatch(
    /cannot unmarshal (string|bool) into field .* of type float64/,
  );
});
