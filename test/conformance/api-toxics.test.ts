import { expect, it } from 'vitest';
import { onBothServers } from './both-servers.js';

const UPSTREAM = '127.0.0.1:1';

onBothServers('toxics of the API', (server) => {
  it('creates with 200 and default name, stream, toxicity and attributes', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = `/proxies/${proxy.name}/toxics`;
    const reply = await server.api.post(path, { type: 'latency' });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    const latency = {
      attributes: { latency: 0, jitter: 0 },
      name: 'latency_downstream',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
    };
    expect(reply.json()).toEqual(latency);
    expect((await server.api.get(`${path}/latency_downstream`)).json()).toEqual(latency);
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toMatchObject({ toxics: [latency] });
    const deleted = await server.api.delete(`${path}/latency_downstream`);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect((await server.api.get(path)).text).toBe('[]');
  });

  it.each([
    ['bandwidth', { rate: 0 }],
    ['slow_close', { delay: 0 }],
    ['timeout', { timeout: 0 }],
    ['limit_data', { bytes: 0 }],
    ['reset_peer', { timeout: 0 }],
    ['noop', {}],
  ])('shows all attributes of %s', async (type, attributes) => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, {
      type,
      stream: 'upstream',
      attributes: null,
    });
    expect(reply.json()).toMatchObject({ name: `${type}_upstream`, attributes });
  });

  it('lists all upstream ones, then all downstream ones, in order of creation', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = `/proxies/${proxy.name}/toxics`;
    for (const [name, stream] of [
      ['d2', 'downstream'],
      ['u2', 'upstream'],
      ['d1', 'downstream'],
      ['u1', 'upstream'],
    ]) {
      await server.api.post(path, { name, type: 'noop', stream });
    }
    const listed = (await server.api.get(path)).json() as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(['u2', 'u1', 'd2', 'd1']);
  });

  it.each([
    ['', 400, 'bad request body: EOF'],
    ['{}', 400, 'invalid toxic type'],
    [{ type: 'down' }, 400, 'invalid toxic type'],
    [{ type: 'Latency' }, 400, 'invalid toxic type'],
    [{ type: null }, 400, 'invalid toxic type'],
    [{ type: 'constructor' }, 400, 'invalid toxic type'],
    [{ type: 'nothing', stream: 'sideways' }, 400, 'stream was invalid, can be either upstream or downstream'],
    [{ type: 'noop', stream: '' }, 400, 'stream was invalid, can be either upstream or downstream'],
    [{ type: 'noop', name: 'taken' }, 409, 'toxic already exists'],
    [{ type: 'noop', name: 'taken', stream: 'upstream' }, 409, 'toxic already exists'],
    [{ type: 'latency', name: 'taken', attributes: { latency: 'x' } }, 409, 'toxic already exists'],
  ])('refuses %j', async (body, status, error) => {
    const proxy = await server.api.proxy(UPSTREAM);
    await server.api.post(`/proxies/${proxy.name}/toxics`, { name: 'taken', type: 'noop' });
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, body);
    expect(reply.json()).toEqual({ error, status });
    expect(reply.status).toBe(status);
    expect((await server.api.get(`/proxies/${proxy.name}/toxics`)).json()).toHaveLength(1);
  });

  it.each([
    [{ type: 5 }, 'number'],
    [{ type: 'noop', toxicity: '1' }, 'string'],
    [{ type: 'noop', toxicity: 1e39 }, 'number 1e+39'],
    [{ type: 'nothing', attributes: [] }, 'array'],
    [{ type: 'latency', attributes: { latency: '1' } }, 'string'],
    [{ type: 'latency', attributes: { latency: true } }, 'bool'],
    [{ type: 'latency', attributes: { latency: 1.5 } }, 'number 1.5'],
  ])('refuses the JSON types of %j', async (body, what) => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, body);
    expect(reply.status).toBe(400);
    const { error } = reply.json() as { error: string };
    // The real server may answer `invalid toxic type` here only if it looked at the type first: it must not.
    expect(error.replace('1e39', '1e+39')).toContain(`bad request body: json: cannot unmarshal ${what}`);
  });

  it.each([
    [0.2, '0.2'],
    [0.123456789, '0.12345679'],
    [1e10, '10000000000'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [2.5, '2.5'],
    [-1, '-1'],
    [1e-46, '0'],
    [0.1, '0.1'],
    [16777217, '16777216'],
  ])('prints toxicity %d as the shortest float32: %s', async (toxicity, printed) => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, { type: 'noop', toxicity });
    expect(/"toxicity":([^,}]+)/.exec(reply.text)?.[1]?.replace('e-07', 'e-7')).toBe(printed);
  });

  it('echoes stream as typed, also in the default name', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, {
      type: 'noop',
      stream: 'UpStream',
      name: '',
    });
    expect(reply.json()).toMatchObject({ name: 'noop_UpStream', stream: 'UpStream' });
  });

  it('takes keys of attributes in any letter case, negative values, and ignores unknown ones', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const reply = await server.api.post(`/proxies/${proxy.name}/toxics`, {
      TYPE: 'latency',
      Attributes: { LATENCY: -5, jitter: null, more: 'x' },
    });
    expect(reply.json()).toMatchObject({ attributes: { latency: -5, jitter: 0 } });
  });

  it('updates attributes key by key, and toxicity; the rest is ignored', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    const path = await server.api.toxic(proxy, 'latency', 'upstream', { latency: 5, jitter: 2 });
    for (const method of ['POST', 'PATCH']) {
      const reply = await server.api.call(method, path, {
        name: 'x',
        type: 'noop',
        stream: 'downstream',
        attributes: { jitter: 3 },
      });
      expect([reply.status, reply.json()]).toEqual([
        200,
        {
          attributes: { latency: 5, jitter: 3 },
          name: 'latency_upstream',
          type: 'latency',
          stream: 'upstream',
          toxicity: 1,
        },
      ]);
    }
    expect((await server.api.post(path, { toxicity: 0.5 })).json()).toMatchObject({ toxicity: 0.5 });
    expect((await server.api.post(path, '{}')).json()).toMatchObject({ toxicity: 0.5, attributes: { latency: 5 } });
    expect((await server.api.post(path, '')).json()).toEqual({ error: 'bad request body: EOF', status: 400 });
    expect((await server.api.post(path, { attributes: { latency: 'x' } })).status).toBe(400);
    expect((await server.api.get(path)).json()).toMatchObject({ attributes: { latency: 5, jitter: 3 } });
  });

  it.each([
    ['GET', '/proxies/no/toxics', 'proxy not found'],
    ['POST', '/proxies/no/toxics', 'proxy not found'],
    ['GET', '/proxies/no/toxics/x', 'proxy not found'],
    ['POST', '/proxies/no/toxics/x', 'proxy not found'],
    ['DELETE', '/proxies/no/toxics/x', 'proxy not found'],
    ['GET', '/proxies/yes/toxics/x', 'toxic not found'],
    ['POST', '/proxies/yes/toxics/x', 'toxic not found'],
    ['PATCH', '/proxies/yes/toxics/x', 'toxic not found'],
    ['DELETE', '/proxies/yes/toxics/x', 'toxic not found'],
  ])('%s %s: %s, whatever the body', async (method, path, error) => {
    await server.api.proxy(UPSTREAM, { name: 'yes' });
    const reply = await server.api.call(method, path, method === 'GET' ? undefined : '{');
    expect([reply.status, reply.json()]).toEqual([404, { error, status: 404 }]);
  });

  it('keeps toxics over updates of the proxy', async () => {
    const proxy = await server.api.proxy(UPSTREAM);
    await server.api.toxic(proxy, 'noop', 'upstream', {});
    await server.api.post(`/proxies/${proxy.name}`, { listen: '127.0.0.1:0', upstream: 'x:1' });
    expect((await server.api.get(`/proxies/${proxy.name}/toxics`)).json()).toHaveLength(1);
  });
});
