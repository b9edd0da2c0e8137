import { expect, it } from 'vitest';
import { dial, Origin, sleep } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

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
    const reply = await server.api.call(method, path, undefined, { 'User-Agent': 'Mozilla/5.0' });
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
    ['/proxies/a/..', '/proxies'],
    ['//version?a=b//c', '/version?a=b//c'],
    ["/proxies//it's(a)*!", '/proxies/it%27s%28a%29%2A%21'],
    ['/proxies//%3F%23;a=b,$&+:@~_[%20]%C3%BC', '/proxies/%3F%23;a=b,$&+:@~_%5B%20%5D%C3%BC'],
  ])('%s is sent to %s', async (path, location) => {
    // Browsers too: only what is matched looks at the agent.
    const reply = await server.api.call('GET', path, undefined, { 'User-Agent': 'Mozilla/5.0' });
    expect(reply.status).toBe(301);
    expect(reply.headers.location).toBe(location);
    expect(reply.text).toBe('');
    expect(reply.headers).not.toHaveProperty('x-toxiproxy-request-id');
  });

  it.each(['/proxies/%', '/proxies/%zz', '/%e'])('%s is no path', async (path) => {
    const reply = await server.api.get(path);
    expect([reply.status, reply.text]).toEqual([400, '400 Bad Request']);
    expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(reply.headers).not.toHaveProperty('x-content-type-options');
    expect(reply.headers).not.toHaveProperty('x-toxiproxy-request-id');
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

  it('has metrics, counted when a connection ends', async () => {
    await using origin = await Origin.echo();
    const proxy = await server.api.proxy(origin.address, { name: 'measured' });
    const client = await dial(proxy.listen);
    client.socket.write(Buffer.alloc(3 * 1024 * 1024));
    await client.until(3 * 1024 * 1024);
    expect((await server.api.get('/metrics')).text).not.toContain('proxy="measured"');
    client.socket.end();
    await client.ending();
    await sleep(100);
    await server.api.delete('/proxies/measured');
    const reply = await server.api.get('/metrics');
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    for (const what of ['received', 'sent']) {
      for (const direction of ['upstream', 'downstream']) {
        const labels = `direction="${direction}",listener="${proxy.listen}",proxy="measured",upstream="${origin.address}"`;
        expect(reply.text).toContain(`\ntoxiproxy_proxy_${what}_bytes_total{${labels}} 3.145728e+06\n`);
      }
    }
    expect(reply.text).toContain('# TYPE toxiproxy_proxy_sent_bytes_total counter\n');
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('has metrics for %s, but not for browsers', async (method) => {
    const reply = await server.api.call(method, '/metrics', undefined, { 'User-Agent': 'curl' });
    expect([reply.status, reply.headers['x-toxiproxy-request-id'] === undefined]).toEqual([200, false]);
    const refused = await server.api.call(method, '/metrics', undefined, { 'User-Agent': 'Mozilla/5.0' });
    expect([refused.status, refused.text]).toEqual([403, 'User agent not allowed\n']);
  });

  it('shuts browsers out of every route that it has', async () => {
    for (const [method, path] of [
      ['GET', '/proxies'],
      ['POST', '/populate'],
      ['GET', '/proxies/x'],
      ['PATCH', '/proxies/x'],
      ['DELETE', '/proxies/x'],
      ['POST', '/proxies/x/toxics'],
      ['DELETE', '/proxies/x/toxics/y'],
      ['POST', '/reset'],
      ['GET', '/version'],
    ] as const) {
      const reply = await server.api.call(method, path, undefined, { 'User-Agent': 'Mozilla/4.0 (compatible)' });
      expect([method, path, reply.status]).toEqual([method, path, 403]);
      expect(reply.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it('ignores the query string', async () => {
    expect((await server.api.get('/proxies?x=1')).status).toBe(200);
  });
});
