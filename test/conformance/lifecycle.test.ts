import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { hop, pair } from '../proxy/support/pairs.js';
import { dial, freePort, Origin, tryDial } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('the life of a proxy', (server) => {
  it('stores a disabled one without listening, with its address as given', async () => {
    const port = await freePort();
    const proxy = await server.api.proxy(UPSTREAM, { listen: `localhost:${port}`, enabled: false });
    expect(proxy).toMatchObject({ enabled: false, listen: `localhost:${port}` });
    expect(await tryDial(`127.0.0.1:${port}`)).toBe('ECONNREFUSED');
    expect((await server.api.post(`/proxies/${proxy.name}`, { enabled: true })).json()).toMatchObject({
      listen: `127.0.0.1:${port}`,
    });
    expect(await tryDial(`127.0.0.1:${port}`)).toBe('connected');
  });

  it('takes a second disable, and the deletion of a disabled one', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    for (let i = 0; i < 3; i += 1) {
      expect((await server.api.post(`/proxies/${proxy.name}`, { enabled: false })).json()).toMatchObject({
        enabled: false,
      });
    }
    expect((await server.api.delete(`/proxies/${proxy.name}`)).status).toBe(204);
  });

  it('can listen again at once where one was deleted', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    for (let i = 0; i < 5; i += 1) {
      expect((await server.api.delete(`/proxies/${proxy.name}`)).status).toBe(204);
      const again = await server.api.post('/proxies', proxy);
      expect([again.status, again.json()]).toEqual([201, proxy]);
    }
  });

  it('refuses a second proxy on the same address, and keeps the first', async () => {
    await using origin = await Origin.echo();
    const first = await server.api.proxy(origin.address);
    const second = await server.api.post('/proxies', {
      name: 'second',
      listen: first.listen,
      upstream: origin.address,
    });
    expect(second.json()).toEqual({ error: `listen tcp ${first.listen}: bind: address already in use`, status: 500 });
    const client = await dial(first.listen);
    client.socket.write('x');
    await client.until(1);
    client.socket.destroy();
  });

  it('cannot be enabled while its port is taken, and can afterwards', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = `/proxies/${proxy.name}`;
    await server.api.post(path, { enabled: false });
    const usurper = await server.api.proxy(UPSTREAM, { listen: proxy.listen });
    const refused = await server.api.post(path, { enabled: true });
    expect(refused.json()).toEqual({ error: `listen tcp ${proxy.listen}: bind: address already in use`, status: 500 });
    expect((await server.api.get(path)).json()).toMatchObject({ enabled: false, listen: proxy.listen });
    await server.api.delete(`/proxies/${usurper.name}`);
    expect((await server.api.post(path, { enabled: true })).json()).toEqual(proxy);
  });

  it('says on enabling what is wrong with an address that it stored unseen', async () => {
    const proxy = await server.api.proxy(UPSTREAM, { listen: 'nonsense', enabled: false });
    expect(proxy.listen).toBe('nonsense');
    const refused = await server.api.post(`/proxies/${proxy.name}`, { enabled: true });
    // An update looks at the address before it starts, without saying what for.
    expect([refused.status, refused.json()]).toEqual([
      500,
      { error: 'address nonsense: missing port in address', status: 500 },
    ]);
    const reset = await server.api.post('/reset');
    expect(reset.json()).toEqual({ error: 'listen tcp: address nonsense: missing port in address', status: 500 });
  });

  it('restarts for 0.0.0.0 in place of [::], and not for [::]', async () => {
    await using origin = await Origin.echo();
    const proxy = await server.api.proxy(origin.address, { listen: ':0' });
    const port = proxy.listen.split(':').at(-1) ?? '';
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await client.until(1);
    await server.api.post(`/proxies/${proxy.name}`, { listen: `[::]:${port}` });
    expect(await client.ending(80)).toBe('open');
    const restarted = await server.api.post(`/proxies/${proxy.name}`, { listen: `0.0.0.0:${port}` });
    expect(restarted.json()).toMatchObject({ listen: `[::]:${port}`, enabled: true });
    expect(await client.ending()).toBe('fin');
    client.socket.destroy();
  });

  it('listens on IPv6', async () => {
    const proxy = await server.api.proxy(UPSTREAM, { listen: '[::1]:0' });
    expect(proxy.listen).toMatch(/^\[::1\]:\d+$/);
  });

  it('keeps its connections when an update cannot be understood', async () => {
    await using origin = await Origin.echo();
    const proxy = await server.api.proxy(origin.address);
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await client.until(1);
    for (const body of [{ listen: 'nonsense' }, { listen: '[::1:0' }, { enabled: 5 }, { listen: ':abc' }, '{']) {
      expect((await server.api.post(`/proxies/${proxy.name}`, body)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toEqual(proxy);
    client.socket.write('y');
    await client.until(2);
    client.socket.destroy();
  });

  it('knows the services that every system knows', async () => {
    // Only root may listen there; in both answers the name has become its number.
    const reply = await server.api.post('/proxies', { name: 'x', listen: '127.0.0.1:gopher', upstream: UPSTREAM });
    expect(reply.text).toContain('127.0.0.1:70');
  });
});

onBothServers('populate', (server) => {
  async function populate(...proxies: unknown[]): Promise<ProxyJson[]> {
    const reply = await server.api.post('/populate', proxies);
    expect(reply.status).toBe(201);
    return (reply.json() as { proxies: ProxyJson[] }).proxies;
  }

  it('replaces for port 0 always, closing what was connected, and drops the toxics', async () => {
    await using origin = await Origin.start();
    const body = { name: 'p', listen: '127.0.0.1:0', upstream: origin.address };
    const [first] = (await populate(body)) as [ProxyJson];
    await server.api.toxic(first, 'noop', 'upstream', {});
    const { client, peer } = await pair(first, origin);
    await hop(client, peer);
    const [second] = (await populate(body)) as [ProxyJson];
    expect(second).toMatchObject({ enabled: true, toxics: [] });
    expect(second.listen).not.toBe(first.listen);
    expect([await client.ending(), await peer.ending()]).toEqual(['fin', 'fin']);
    expect(await tryDial(first.listen)).toBe('ECONNREFUSED');
  });

  it('takes localhost and 127.0.0.1 for the same when started, for different when never started', async () => {
    const port = await freePort();
    const started = { name: 's', listen: `localhost:${port}`, upstream: UPSTREAM };
    const [first] = (await populate(started)) as [ProxyJson];
    await server.api.toxic(first, 'noop', 'upstream', {});
    expect((await populate(started))[0]?.toxics).toHaveLength(1);
    const idle = { name: 'i', listen: `localhost:${port + 1}`, upstream: UPSTREAM, enabled: false };
    const [second] = (await populate(idle)) as [ProxyJson];
    expect(second.listen).toBe(idle.listen);
    await server.api.toxic(second, 'noop', 'upstream', {});
    expect((await populate(idle))[0]?.toxics).toHaveLength(0);
  });

  it('lists a name twice that comes twice: the same, or the replaced one as disabled', async () => {
    const same = { name: 'a', listen: `127.0.0.1:${await freePort()}`, upstream: UPSTREAM };
    const [one, two] = await populate(same, same);
    expect(one).toMatchObject({ ...same, enabled: true });
    expect(two).toEqual(one);
    const other = { name: 'b', listen: '127.0.0.1:0', upstream: UPSTREAM };
    const [replaced, latest] = await populate(other, other);
    expect([replaced?.enabled, latest?.enabled]).toEqual([false, true]);
    expect((await server.api.get('/proxies/b')).json()).toEqual(latest);
  });

  it.each([
    ['[null]', 400, 'missing required field: name at proxy 1'],
    ['[{}]', 400, 'missing required field: name at proxy 1'],
    ['[{"name":"x","upstream":""}]', 400, 'missing required field: upstream at proxy 1'],
    [
      '[{"name":"x","upstream":"y:1","listen":"nonsense"}]',
      500,
      'listen tcp: address nonsense: missing port in address',
    ],
    ['[{"name":"x","upstream":"y:1","listen":":abc"}]', 500, 'listen tcp: lookup tcp/abc: unknown port'],
    ['{', 400, 'bad request body: unexpected EOF'],
  ])('refuses %s', async (body, status, error) => {
    const reply = await server.api.post('/populate', body);
    expect(reply.json()).toEqual({ error, status, proxies: null });
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'application/json']);
    expect((await server.api.get('/proxies')).text).toBe('{}');
  });

  it.each(['{}', '[5]', '["x"]', '[{"name":5}]', '"x"', '{"proxies":[]}'])(
    'refuses the JSON types of %s',
    async (body) => {
      const reply = await server.api.post('/populate', body);
      const { error } = reply.json() as { error: string };
      expect([reply.status, error]).toEqual([400, expect.stringMatching(/^bad request body: json: cannot unmarshal /)]);
    },
  );

  it('leaves what exists as it is when a new address for it cannot be understood', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post('/populate', [{ ...proxy, listen: 'nonsense' }]);
    expect(reply.json()).toEqual({ error: 'address nonsense: missing port in address', status: 500, proxies: null });
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toEqual(proxy);
  });

  it.each(['.', '..', 'a/b'])('alone can replace a proxy called %s: no path addresses it', async (name) => {
    const proxy = await server.api.proxy(UPSTREAM, { name });
    expect([301, 404]).toContain((await server.api.get(`/proxies/${encodeURIComponent(name)}`)).status);
    expect([301, 404]).toContain((await server.api.delete(`/proxies/${encodeURIComponent(name)}`)).status);
    const [replaced] = (await populate({ ...proxy, upstream: 'x:1' })) as [ProxyJson];
    expect(replaced).toMatchObject({ name, upstream: 'x:1', listen: proxy.listen });
  });
});
