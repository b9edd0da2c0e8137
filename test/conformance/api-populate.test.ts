import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { Origin } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('populate and reset', (server) => {
  it('creates, keeps what is the same, replaces what differs', async () => {
    const first = await server.api.post('/populate', [
      { name: 'a', listen: '127.0.0.1:0', upstream: UPSTREAM },
      { name: 'b', listen: '127.0.0.1:0', upstream: UPSTREAM, enabled: false },
      { name: 'c', listen: '127.0.0.1:0', upstream: UPSTREAM, enabled: null },
    ]);
    expect(first.status).toBe(201);
    expect(first.headers['content-type']).toBe('application/json');
    const [a, b, c] = (first.json() as { proxies: [ProxyJson, ProxyJson, ProxyJson] }).proxies;
    expect([a.enabled, b.enabled, c.enabled, b.listen]).toEqual([true, false, true, '127.0.0.1:0']);
    await server.api.toxic(a, 'latency', 'upstream', { latency: 1 });
    await server.api.post('/proxies/c', { enabled: false });

    const again = await server.api.post('/populate', [a, { ...c, enabled: true }, { ...a, upstream: 'x:1' }]);
    const [same, disabled, replaced] = (again.json() as { proxies: [ProxyJson, ProxyJson, ProxyJson] }).proxies;
    expect(disabled).toMatchObject({ name: 'c', enabled: false });
    expect(same).toMatchObject({ name: 'a', enabled: false });
    expect(same.toxics).toHaveLength(1);
    expect(replaced).toEqual({ ...a, upstream: 'x:1' });
  });

  it.each(['[]', 'null'])('answers 201 to %s', async (body) => {
    const reply = await server.api.post('/populate', body);
    expect([reply.status, reply.json()]).toEqual([201, { proxies: null }]);
  });

  it('checks all before it creates any', async () => {
    const missing = await server.api.post('/populate', [
      { name: 'a', listen: '127.0.0.1:0', upstream: UPSTREAM },
      { name: 'b' },
    ]);
    expect(missing.status).toBe(400);
    expect(missing.headers['content-type']).toBe('application/json');
    expect(missing.json()).toEqual({
      error: 'missing required field: upstream at proxy 2',
      status: 400,
      proxies: null,
    });
    expect((await server.api.post('/populate', [{ upstream: 'x:1' }])).json()).toEqual({
      error: 'missing required field: name at proxy 1',
      status: 400,
      proxies: null,
    });
    expect((await server.api.post('/populate', '')).json()).toEqual({
      error: 'bad request body: EOF',
      status: 400,
      proxies: null,
    });
    expect((await server.api.get('/proxies')).text).toBe('{}');
  });

  it('ends at the first failure and keeps what is done', async () => {
    await using busy = await Origin.start();
    const reply = await server.api.post('/populate', [
      { name: 'a', listen: '127.0.0.1:0', upstream: UPSTREAM },
      { name: 'b', listen: busy.address, upstream: UPSTREAM },
      { name: 'c', listen: '127.0.0.1:0', upstream: UPSTREAM },
    ]);
    expect(reply.status).toBe(500);
    expect(reply.json()).toMatchObject({
      error: `listen tcp ${busy.address}: bind: address already in use`,
      status: 500,
      proxies: [{ name: 'a', enabled: true }],
    });
    expect(Object.keys((await server.api.get('/proxies')).json() as object)).toEqual(['a']);
  });

  it('keeps a proxy whose replacement failed, disabled, with its old addresses', async () => {
    await using busy = await Origin.start();
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post('/populate', [{ ...proxy, listen: busy.address }]);
    expect(reply.json()).toMatchObject({ status: 500, proxies: null });
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toEqual({ ...proxy, enabled: false });
  });

  it('reset enables all and removes all toxics, and ignores its body', async () => {
    const one = await server.api.proxy(UPSTREAM);
    const two = await server.api.proxy(UPSTREAM);
    await server.api.toxic(one, 'latency', 'upstream', { latency: 1 });
    await server.api.toxic(one, 'timeout', 'downstream', {});
    await server.api.post(`/proxies/${two.name}`, { enabled: false });
    const reply = await server.api.post('/reset', '{');
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect((await server.api.get('/proxies')).json()).toEqual({ [one.name]: one, [two.name]: two });
  });

  it('reset says what it cannot start', async () => {
    await using busy = await Origin.start();
    await server.api.proxy(UPSTREAM, { listen: busy.address, enabled: false });
    const reply = await server.api.post('/reset');
    expect(reply.status).toBe(500);
    expect(reply.json()).toEqual({ error: `listen tcp ${busy.address}: bind: address already in use`, status: 500 });
  });
});
