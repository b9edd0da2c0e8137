import { expect, it } from 'vitest';
import type { ProxyJson } from '../proxy/support/api-client.js';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('how bodies are read', (server) => {
  it('takes the last of repeated keys, whatever their letter case', async () => {
    const reply = await server.api.post(
      '/proxies',
      `{"name":"a","NAME":"b","listen":"nonsense","listen":"127.0.0.1:0","upstream":"${UPSTREAM}","Upstream":"x:1"}`,
    );
    expect(reply.json()).toMatchObject({ name: 'b', upstream: 'x:1' });
  });

  it('does not look at the content type', async () => {
    for (const [index, type] of ['text/plain', 'application/xml', ''].entries()) {
      const body = { name: `t${index}`, listen: '127.0.0.1:0', upstream: UPSTREAM };
      expect((await server.api.call('POST', '/proxies', body, { 'Content-Type': type })).status).toBe(201);
    }
  });

  it('takes null for an empty object in updates, and for missing in every field', async () => {
    const proxy = await server.api.proxy(UPSTREAM, { toxics: null });
    expect((await server.api.post(`/proxies/${proxy.name}`, 'null')).json()).toEqual(proxy);
    const nothing = { listen: null, upstream: null, enabled: null, name: null };
    expect((await server.api.post(`/proxies/${proxy.name}`, nothing)).json()).toEqual(proxy);
    const toxic = { name: null, type: 'latency', stream: null, toxicity: null, attributes: null };
    const added = (await server.api.post(`/proxies/${proxy.name}/toxics`, toxic)).json();
    expect(added).toEqual({
      attributes: { latency: 0, jitter: 0 },
      name: 'latency_downstream',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
    });
    const path = `/proxies/${proxy.name}/toxics/latency_downstream`;
    expect((await server.api.post(path, 'null')).json()).toEqual(added);
    expect((await server.api.post(path, { toxicity: null, attributes: { latency: null } })).json()).toEqual(added);
    expect((await server.api.post(`/proxies/${proxy.name}/toxics`, 'null')).json()).toEqual({
      error: 'invalid toxic type',
      status: 400,
    });
  });

  it.each([
    ['a proxy', (proxy: ProxyJson) => `/proxies/${proxy.name}`, '{"upstream":"y:1","enabled":"x"}'],
    ['a proxy, not JSON', (proxy: ProxyJson) => `/proxies/${proxy.name}`, '{"upstream":"y:1",'],
    ['a toxic, not JSON', (proxy: ProxyJson) => `/proxies/${proxy.name}/toxics/noop_upstream`, '{"toxicity":0.5'],
    ['a toxic', (proxy: ProxyJson) => `/proxies/${proxy.name}/toxics/noop_upstream`, '{"toxicity":"1"}'],
  ])('changes nothing by an update of %s that fails', async (_what, path, body) => {
    const proxy = await server.api.proxy(UPSTREAM);
    await server.api.toxic(proxy, 'noop', 'upstream', {}, 0.25);
    const before = (await server.api.get(`/proxies/${proxy.name}`)).text;
    expect((await server.api.post(path(proxy), body)).status).toBe(400);
    expect((await server.api.get(`/proxies/${proxy.name}`)).text).toBe(before);
  });

  it('keeps whole numbers exactly as far as JavaScript does', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = await server.api.toxic(proxy, 'latency', 'upstream', { latency: Number.MAX_SAFE_INTEGER });
    expect((await server.api.get(path)).json()).toMatchObject({ attributes: { latency: Number.MAX_SAFE_INTEGER } });
    await server.api.post(path, { attributes: { latency: Number.MIN_SAFE_INTEGER } });
    expect((await server.api.get(path)).json()).toMatchObject({ attributes: { latency: Number.MIN_SAFE_INTEGER } });
  });

  it.each(['1.5', '"1"', 'true', '[]', '{}', '9223372036854775808', '-9223372036854775809', '1e400'])(
    'refuses the attribute %s',
    async (value) => {
      const proxy = await server.api.proxy(UPSTREAM);
      const path = `/proxies/${proxy.name}/toxics`;
      const body = `{"type":"latency","attributes":{"latency":${value}}}`;
      const reply = await server.api.post(path, body);
      expect(reply.status).toBe(400);
      expect((reply.json() as { error: string }).error).toMatch(/^bad request body: /);
      expect((await server.api.get(path)).text).toBe('[]');
    },
  );

  it('keeps what HTML would mind, and quotes, backslashes and control characters', async () => {
    const name = '<b>&"\\\u2028\n\u0001ü€😀';
    const proxy = await server.api.proxy('<&>:1', { name });
    expect(proxy).toMatchObject({ name, upstream: '<&>:1' });
    expect((await server.api.get(`/proxies/${encodeURIComponent(name)}`)).json()).toEqual(proxy);
  });

  it('addresses names by the decoded path, once', async () => {
    await server.api.proxy(UPSTREAM, { name: '%41' });
    expect((await server.api.get('/proxies/%2541')).json()).toMatchObject({ name: '%41' });
    expect((await server.api.get('/proxies/%41')).status).toBe(404);
    await server.api.proxy(UPSTREAM, { name: 'a b+c' });
    expect((await server.api.get('/proxies/a%20b+c')).json()).toMatchObject({ name: 'a b+c' });
    await server.api.proxy(UPSTREAM, { name: 'Case' });
    expect((await server.api.get('/proxies/case')).status).toBe(404);
  });

  it('tells toxics apart over both streams of one proxy, not over proxies', async () => {
    const one = await server.api.proxy(UPSTREAM);
    const two = await server.api.proxy(UPSTREAM);
    const create = async (proxy: ProxyJson, stream: string, name?: string): Promise<number> =>
      (await server.api.post(`/proxies/${proxy.name}/toxics`, { type: 'noop', stream, name })).status;
    expect(await create(one, 'upstream', 'same')).toBe(200);
    expect(await create(one, 'downstream', 'same')).toBe(409);
    expect(await create(two, 'downstream', 'same')).toBe(200);
    // The default names differ by the stream, but a given one may be somebody else's default.
    expect(await create(one, 'upstream')).toBe(200);
    expect(await create(one, 'downstream')).toBe(200);
    expect(await create(one, 'upstream')).toBe(409);
    expect(await create(two, 'upstream', 'noop_downstream')).toBe(200);
    expect(await create(two, 'downstream')).toBe(409);
  });

  it('answers more than 2 KB whole', async () => {
    const proxy = await server.api.proxy('x'.repeat(5000));
    for (let i = 0; i < 40; i += 1) {
      await server.api.post(`/proxies/${proxy.name}/toxics`, { type: 'latency', name: `toxic-${i}` });
    }
    const shown = (await server.api.get(`/proxies/${proxy.name}`)).json() as ProxyJson;
    expect(shown.upstream).toHaveLength(5000);
    expect(shown.toxics.map(({ name }) => name)).toEqual(Array.from({ length: 40 }, (_, i) => `toxic-${i}`));
  });
});
