import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxyServer, type ProxyServer } from '../../src/proxy/index.js';
import { ApiClient, type ProxyJson } from './support/api-client.js';
import { dial, Origin, sleep } from './support/peers.js';

let server: ProxyServer;
let api: ApiClient;

beforeEach(async () => {
  server = await startProxyServer({ port: 0, seed: 1 });
  api = new ApiClient(server.url);
});
afterEach(async () => server.close());

/** What the API says to these bytes, until it closes; `…` when it does not close in time. */
async function raw(request: string | Buffer, limitMs = 5000): Promise<string> {
  const socket = connect(server.port, server.host);
  let answer = '';
  socket.on('data', (data) => (answer += data.toString('latin1')));
  socket.write(request);
  const closed = await Promise.race([
    new Promise<boolean>((resolve) => {
      socket.once('close', () => resolve(true)).once('error', () => resolve(true));
    }),
    sleep(limitMs).then(() => false),
  ]);
  socket.destroy();
  return closed ? answer : `${answer}…`;
}

describe('bodies of the API', () => {
  it('may be 10 MB', async () => {
    const long = 'x'.repeat(10 * 1024 * 1024);
    const created = await api.post('/proxies', { name: 'big', listen: '127.0.0.1:0', upstream: long });
    expect(created.status).toBe(201);
    expect((created.json() as ProxyJson).upstream).toHaveLength(long.length);
    expect((await api.post('/proxies', `[${'1,'.repeat(5 * 1024 * 1024)}1]`)).status).toBe(400);
    expect((await api.get('/version')).status).toBe(200);
  });

  it.each([
    ['arrays', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['a field', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['never closed', '['.repeat(100_000)],
  ])('may be nested a hundred thousand deep: %s', async (_what, body) => {
    const proxy = await api.proxy('127.0.0.1:1');
    for (const path of ['/proxies', '/populate', `/proxies/${proxy.name}/toxics`]) {
      expect((await api.post(path, body)).status).toBe(400);
    }
    expect((await api.get(`/proxies/${proxy.name}`)).json()).toEqual(proxy);
  });

  it('may be no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"a'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}')]);
    const head = `POST /proxies HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
    expect(await raw(Buffer.concat([Buffer.from(head), body]))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('are refused beyond the limit, with the reason', async () => {
    const size = 65 * 1024 * 1024;
    const head = `POST /proxies HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`;
    const answer = await raw(Buffer.concat([Buffer.from(head), Buffer.alloc(size, ' ')]));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('bad request body: longer than 64 MB');
    expect((await api.get('/version')).status).toBe(200);
  });
});

describe('requests that are none', () => {
  it.each([
    ['\r\n\r\n\r\n', /^$|^HTTP\/1\.1 400|…$/],
    ['hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
    ['GET /proxies HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
    [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 4\d\d /],
    [`GET /proxies HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(20_000)}\r\n`, /^HTTP\/1\.1 4\d\d /],
    ['POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
    ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000', /^HTTP\/1\.1 400 Bad Request\r\n/],
  ])('%j', async (request, answer) => {
    expect(await raw(request, 500)).toMatch(answer);
    expect((await api.get('/version')).status).toBe(200);
  });

  it('a client that hangs up in the middle of its body changes nothing', async () => {
    for (let i = 0; i < 50; i += 1) {
      const socket = connect(server.port, server.host);
      socket.on('error', () => undefined);
      socket.write('POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"name":"half"');
      await sleep(1);
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    expect((await api.get('/proxies')).text).toBe('{}');
  });
});

describe('slow clients of the API', () => {
  it('do not keep others from being served', async () => {
    await using origin = await Origin.echo();
    const slow: Socket[] = [];
    for (let i = 0; i < 200; i += 1) {
      const socket = connect(server.port, server.host);
      socket.on('error', () => undefined);
      socket.write('POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
      slow.push(socket);
    }
    await sleep(50);
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'latency', 'upstream', { latency: 1 });
    const client = await dial(proxy.listen);
    client.socket.write('x');
    await client.until(1);
    expect((await api.delete(`/proxies/${proxy.name}`)).status).toBe(204);
    for (const socket of slow) socket.destroy();
  });
});

describe('who may reach the API', () => {
  it('is this machine alone, unless told otherwise', async () => {
    expect(server.host).toBe('127.0.0.1');
    const everywhere = await startProxyServer({ host: '', port: 0 });
    expect(everywhere.host).toBe('::');
    expect((await new ApiClient(`http://127.0.0.1:${everywhere.port}`).get('/version')).status).toBe(200);
    await everywhere.close();
  });

  it('no page in a browser, whatever it asks for', async () => {
    const agent = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
    for (const path of ['/proxies', '/plimsoll/traffic', '/version']) {
      expect((await api.call('GET', path, undefined, agent)).status).toBe(403);
    }
  });

  it('says which port is not for it', async () => {
    if (process.getuid?.() === 0) process.seteuid?.(65_534);
    try {
      const reply = await api.post('/proxies', { name: 'x', listen: '127.0.0.1:81', upstream: '127.0.0.1:1' });
      // Some systems let everybody listen there.
      if (reply.status === 201) return;
      expect(reply.json()).toEqual({ error: 'listen tcp 127.0.0.1:81: bind: permission denied', status: 500 });
      await expect(startProxyServer({ port: 81 })).rejects.toMatchObject({ code: 'EACCES' });
    } finally {
      if (process.getuid?.() === 0) process.seteuid?.(0);
    }
  });
});
