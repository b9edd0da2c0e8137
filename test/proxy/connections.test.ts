import { afterEach, beforeEach, expect, it } from 'vitest';
import { startProxyServer, type ConnectionList, type ProxyServer } from '../../src/proxy/index.js';
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

it('lists the live connections of one proxy, and totals', async () => {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  const idle = await api.proxy(origin.address);
  const list = async (name = proxy.name): Promise<ConnectionList> =>
    (await api.get(`/proxies/${name}/connections`)).json() as ConnectionList;
  expect(await list()).toEqual({ open: 0, total: 0, upstreamBytes: 0, downstreamBytes: 0, connections: [] });

  const one = await pair(proxy, origin);
  const two = await pair(proxy, origin);
  one.client.socket.write('12345');
  await one.peer.until(5);
  two.peer.socket.write('678');
  await two.client.until(3);
  await sleep(30);
  const both = await list();
  expect(both).toMatchObject({ open: 2, total: 2, upstreamBytes: 5, downstreamBytes: 3 });
  expect(both.connections).toEqual([
    {
      id: 1,
      client: `127.0.0.1:${one.client.socket.localPort}`,
      upstream: origin.address,
      ageMs: expect.any(Number),
      upstreamBytes: 5,
      downstreamBytes: 0,
    },
    {
      id: 2,
      client: `127.0.0.1:${two.client.socket.localPort}`,
      upstream: origin.address,
      ageMs: expect.any(Number),
      upstreamBytes: 0,
      downstreamBytes: 3,
    },
  ]);
  expect(both.connections[0]?.ageMs).toBeGreaterThanOrEqual(29);

  one.client.socket.end();
  await one.client.ending();
  await sleep(50);
  // Who has left is not listed any more, but counts.
  expect(await list()).toMatchObject({ open: 1, total: 2, upstreamBytes: 5, downstreamBytes: 3 });
  expect((await list()).connections.map(({ id }) => id)).toEqual([2]);
  expect((await list(idle.name)).total).toBe(0);
  two.client.socket.destroy();
});

it('answers as other routes do', async () => {
  const missing = await api.get('/proxies/nobody/connections');
  expect(missing.status).toBe(404);
  expect(missing.json()).toEqual({ error: 'proxy not found', status: 404 });
  expect((await api.post('/proxies/nobody/connections')).status).toBe(405);
});
