import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { freePort, Origin } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('proxies', (server) => {
  it('creates with 201, lists by name, shows, and deletes with 204', async () => {
    const created = await server.api.post('/proxies', { name: 'b', listen: '127.0.0.1:0', upstream: UPSTREAM });
    expect(created.status).toBe(201);
    expect(created.headers['content-type']).toBe('application/json');
    const proxy = created.json() as ProxyJson;
    expect(proxy).toEqual({
      name: 'b',
      listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/) as unknown,
      upstream: UPSTREAM,
      enabled: true,
      Logger: {},
      toxics: [],
    });
    await server.api.proxy(UPSTREAM, { name: 'B' });
    await server.api.proxy(UPSTREAM, { name: 'a' });
    const all = await server.api.get('/proxies');
    expect(Object.keys(all.json() as object)).toEqual(['B', 'a', 'b']);
    expect((await server.api.get('/proxies/b')).json()).toEqual(proxy);
    const deleted = await server.api.delete('/proxies/b');
    expect([deleted.status, deleted.text, deleted.headers['content-type']]).toEqual([204, '', undefined]);
    expect((await server.api.delete('/proxies/b')).status).toBe(404);
  });

  it.each([
    [undefined, 400, 'bad request body: EOF'],
    ['', 400, 'bad request body: EOF'],
    ['  \n', 400, 'bad request body: EOF'],
    ['{', 400, 'bad request body: unexpected EOF'],
    ['tru', 400, 'bad request body: unexpected EOF'],
    ['{"name":"a', 400, 'bad request body: unexpected EOF'],
    ['{"name":', 400, 'bad request body: unexpected EOF'],
    ['{"name":"a",', 400, 'bad request body: unexpected EOF'],
    ['-', 400, 'bad request body: unexpected EOF'],
    ['1e', 400, 'bad request body: unexpected EOF'],
    ['[1,2', 400, 'bad request body: unexpected EOF'],
    ['"\\u12', 400, 'bad request body: unexpected EOF'],
    ['null', 400, 'missing required field: name'],
    ['{}', 400, 'missing required field: name'],
    ['{"name":null}', 400, 'missing required field: name'],
    ['{"name":""}', 400, 'missing required field: name'],
    ['{"name":"a"}', 400, 'missing required field: upstream'],
  ])('refuses the body %j', async (body, status, error) => {
    const reply = await server.api.post('/proxies', body);
    expect(reply.json()).toEqual({ error, status });
    expect(reply.status).toBe(status);
    expect(reply.text.endsWith('\n')).toBe(true);
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    ['{"name":5}', 'number'],
    ['{"name":"a","upstream":[]}', 'array'],
    ['{"name":"a","upstream":"x","enabled":"yes"}', 'string'],
    ['[]', 'array'],
    ['"x"', 'string'],
    ['true', 'bool'],
    ['{"name":{}}', 'object'],
  ])('refuses the JSON types of %s', async (body, what) => {
    const reply = await server.api.post('/proxies', body);
    expect(reply.status).toBe(400);
    expect((reply.json() as { error: string }).error).toMatch(
      new RegExp(`^bad request body: json: cannot unmarshal ${what} into `),
    );
  });

  it('refuses what is no JSON', async () => {
    const reply = await server.api.post('/proxies', 'banana');
    expect(reply.status).toBe(400);
    expect((reply.json() as { error: string }).error).toMatch(/^bad request body: invalid character 'b'/);
  });

  it('takes keys in any letter case, and ignores unknown ones', async () => {
    const reply = await server.api.post('/proxies', {
      NAME: 'k',
      Listen: '127.0.0.1:0',
      upStream: UPSTREAM,
      extra: [1],
    });
    expect(reply.json()).toMatchObject({ name: 'k', upstream: UPSTREAM });
  });

  it('refuses a name that is taken before it tries to listen', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post('/proxies', { name: proxy.name, listen: 'nonsense', upstream: UPSTREAM });
    expect(reply.status).toBe(409);
    expect(reply.json()).toEqual({ error: 'proxy already exists', status: 409 });
  });

  it.each([
    ['nonsense', 'listen tcp: address nonsense: missing port in address'],
    ['127.0.0.1:65536', 'listen tcp: address 65536: invalid port'],
    ['127.0.0.1:-1', 'listen tcp: address -1: invalid port'],
    ['127.0.0.1:abc', 'listen tcp: lookup tcp/abc: unknown port'],
    ['::1:99', 'listen tcp: address ::1:99: too many colons in address'],
    ['[::1:0', "listen tcp: address [::1:0: missing ']' in address"],
    ['1.2.3.4:9', 'listen tcp 1.2.3.4:9: bind: cannot assign requested address'],
  ])('cannot listen on %s', async (listen, error) => {
    const reply = await server.api.post('/proxies', { name: 'bad', listen, upstream: UPSTREAM });
    expect(reply.status).toBe(500);
    expect(reply.json()).toEqual({ error, status: 500 });
    expect((await server.api.get('/proxies/bad')).status).toBe(404);
  });

  it.each(['127.1:0', '*:0', '0:0', 'no-such-host.invalid:0'])('knows no host %s', async (listen) => {
    const reply = await server.api.post('/proxies', { name: 'bad', listen, upstream: UPSTREAM });
    expect(reply.status).toBe(500);
    expect((reply.json() as { error: string }).error).toMatch(
      /^listen tcp: lookup .*no such host|^listen tcp: lookup /,
    );
  });

  it('says which port is busy, on create, enable and update', async () => {
    await using busy = await Origin.start();
    const error = `listen tcp ${busy.address}: bind: address already in use`;
    const refused = { error, status: 500 };
    expect((await server.api.post('/proxies', { name: 'x', listen: busy.address, upstream: UPSTREAM })).json()).toEqual(
      refused,
    );
    const proxy = await server.api.proxy(UPSTREAM, {
      listen: busy.address.replace('127.0.0.1', 'localhost'),
      enabled: false,
    });
    expect(proxy.listen).toMatch(/^localhost:/);
    expect((await server.api.post(`/proxies/${proxy.name}`, { enabled: true })).json()).toEqual(refused);
    const other = await server.api.proxy(UPSTREAM);
    expect((await server.api.call('PATCH', `/proxies/${other.name}`, { listen: busy.address })).json()).toEqual(
      refused,
    );
    expect((await server.api.get(`/proxies/${other.name}`)).json()).toMatchObject({
      listen: busy.address,
      enabled: false,
    });
  });

  it.each([
    [':', ':'],
    ['0.0.0.0:', '0.0.0.0:'],
    ['[::]:', '0.0.0.0:'],
    ['localhost:', '127.0.0.1:'],
  ])('calls a busy port at %s busy at %s', async (host, shown) => {
    await using everywhere = await Origin.start(undefined, '::');
    const reply = await server.api.post('/proxies', {
      name: 'x',
      listen: `${host}${everywhere.port}`,
      upstream: UPSTREAM,
    });
    expect(reply.json()).toEqual({
      error: `listen tcp ${shown}${everywhere.port}: bind: address already in use`,
      status: 500,
    });
  });

  it.each([undefined, '', ':0', '0.0.0.0:0', '[::]:0'])('listens on every address for %j', async (listen) => {
    const proxy = await server.api.proxy(UPSTREAM, { listen });
    expect(proxy.listen).toMatch(/^\[::\]:[1-9]\d*$/);
  });

  it.each(['localhost:0', '127.0.0.1:', '[127.0.0.1]:0'])('listens on 127.0.0.1 for %j', async (listen) => {
    expect((await server.api.proxy(UPSTREAM, { listen })).listen).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  });

  it('updates by POST and PATCH; missing and null keep their value; name is ignored', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    for (const method of ['POST', 'PATCH']) {
      const same = await server.api.call(method, `/proxies/${proxy.name}`, { name: 'other', enabled: null });
      expect([same.status, same.json()]).toEqual([200, proxy]);
    }
    const changed = await server.api.post(`/proxies/${proxy.name}`, { upstream: '127.0.0.1:2' });
    expect(changed.json()).toEqual({ ...proxy, upstream: '127.0.0.1:2' });
    expect((await server.api.post(`/proxies/${proxy.name}`, { upstream: '' })).json()).toMatchObject({ upstream: '' });
    const unclear = await server.api.post(`/proxies/${proxy.name}`, { listen: 'nonsense', upstream: 'x:1' });
    expect([unclear.status, unclear.json()]).toEqual([
      500,
      { error: 'address nonsense: missing port in address', status: 500 },
    ]);
    expect((await server.api.post(`/proxies/${proxy.name}`, { upstream: 'y:1', enabled: 'x' })).status).toBe(400);
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toMatchObject({ upstream: '', enabled: true });
    expect((await server.api.post('/proxies/unknown', '{')).json()).toEqual({ error: 'proxy not found', status: 404 });
  });

  it('disables and enables on the same port, and restarts on port 0', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = `/proxies/${proxy.name}`;
    expect((await server.api.post(path, { enabled: false })).json()).toEqual({ ...proxy, enabled: false });
    expect((await server.api.post(path, { enabled: true })).json()).toEqual(proxy);
    const moved = (await server.api.post(path, { listen: '127.0.0.1:0' })).json() as ProxyJson;
    expect(moved.listen).not.toBe(proxy.listen);
    const wild = (await server.api.post(path, { listen: `0.0.0.0:${await freePort()}` })).json() as ProxyJson;
    expect(wild.listen).toMatch(/^\[::\]:/);
  });

  it.each(['__proto__', 'constructor', 'toString', 'with blank', 'ü%41', '5'])('takes the name %s', async (name) => {
    const proxy = await server.api.proxy(UPSTREAM, { name });
    expect(proxy.name).toBe(name);
    expect((await server.api.get(`/proxies/${encodeURIComponent(name)}`)).json()).toEqual(proxy);
    expect(Object.entries((await server.api.get('/proxies')).json() as object)).toEqual([[name, proxy]]);
  });

  it('sends large lists whole', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `long-name-${index}`.padEnd(40, 'x'));
    for (const name of names) await server.api.proxy(UPSTREAM, { name });
    const reply = await server.api.get('/proxies');
    expect(Object.keys(reply.json() as object).sort()).toEqual([...names].sort());
  });
});
