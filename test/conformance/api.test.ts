import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { freePort, Origin } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('routes and headers', (server) => {
  it.each([
    ['GET', '/nothing'],
    ['GET', '/proxies/'],
    ['GET', '/Proxies'],
    ['GET', '/proxies/a%2Fb'],
    ['POST', '/'],
    ['GET', '/proxies/a/toxics/b/c'],
  ])('%s %s is no page', async (method, path) => {
    const reply = await server.api.call(method, path);
    expect(reply.status).toBe(404);
    expect(reply.text).toBe('404 page not found\n');
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect(reply.headers).not.toHaveProperty('x-toxiproxy-request-id');
  });

  it.each([
    ['PUT', '/proxies'],
    ['HEAD', '/proxies'],
    ['OPTIONS', '/proxies'],
    ['DELETE', '/proxies'],
    ['GET', '/reset'],
    ['GET', '/populate'],
    ['POST', '/version'],
    ['PUT', '/proxies/x'],
    ['PATCH', '/proxies/x/toxics'],
    ['PUT', '/proxies/x/toxics/y'],
  ])('%s %s is the wrong method', async (method, path) => {
    const reply = await server.api.call(method, path);
    expect(reply.status).toBe(405);
    expect(reply.text).toBe('');
    expect(reply.headers).not.toHaveProperty('allow');
    expect(reply.headers).not.toHaveProperty('content-type');
    expect(reply.headers).not.toHaveProperty('x-toxiproxy-request-id');
  });

  it.each([
    ['//proxies', '/proxies'],
    ['/proxies//a', '/proxies/a'],
    ['/proxies/./a', '/proxies/a'],
    ['/proxies/../version', '/version'],
    ['/proxies/%2e%2e/version', '/version'],
    ['/proxies//', '/proxies/'],
  ])('%s is sent to %s', async (path, location) => {
    const reply = await server.api.get(path);
    expect(reply.status).toBe(301);
    expect(reply.headers.location).toBe(location);
    expect(reply.text).toBe('');
  });

  it('gives every matched route a request id of its own', async () => {
    const ids = await Promise.all(
      ['/proxies', '/version', '/proxies/unknown'].map(
        async (path) => (await server.api.get(path)).headers['x-toxiproxy-request-id'],
      ),
    );
    for (const id of ids) expect(id).toMatch(/^[0-9a-v]{20}$/);
    expect(new Set(ids).size).toBe(3);
  });

  it('shuts out browsers by their user agent alone, before the body is read', async () => {
    const refused = await server.api.call('POST', '/proxies', '{', { 'User-Agent': 'Mozilla/5.0 (X11)' });
    expect(refused.status).toBe(403);
    expect(refused.text).toBe('User agent not allowed\n');
    expect(refused.headers['x-toxiproxy-request-id']).toMatch(/^[0-9a-v]{20}$/);
    for (const agent of ['mozilla/5.0', 'Mozilla', '', 'node']) {
      const reply = await server.api.call('GET', '/proxies', undefined, { 'User-Agent': agent, Origin: 'http://x' });
      expect(reply.status).toBe(200);
      expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect((await server.api.call('GET', '/no', undefined, { 'User-Agent': 'Mozilla/5.0' })).status).toBe(404);
  });

  it('tells its version', async () => {
    const reply = await server.api.get('/version');
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json;charset=utf-8');
    expect(reply.text).toMatch(/^\{"version": ".+"\}\n$/);
  });

  it('has metrics when asked for, counted at the end of a connection', async () => {
    const reply = await server.api.get('/metrics');
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
  });

  it('ignores the query string', async () => {
    expect((await server.api.get('/proxies?x=1')).status).toBe(200);
  });
});

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
