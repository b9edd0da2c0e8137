import { Agent, request as ask } from 'node:http';
import { expect, describe, it } from 'vitest';
import { dial, Origin, sleep, type Peer } from '../support/peers.js';
import { stage, upstream } from './support.js';

async function say(client: Peer, text: string, answers: RegExp, limitMs = 3000): Promise<string> {
  const from = client.text.length;
  client.socket.write(text);
  await expect.poll(() => client.text.slice(from), { timeout: limitMs, interval: 5 }).toMatch(answers);
  return client.text.slice(from);
}

const GET = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe('http_status', () => {
  it('answers in the place of the upstream, which sees nothing of the request; the connection goes on', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    await on.add('http_status', { status: 429, body: 'slow döwn', headers: { 'Retry-After': '7' }, path: '/no' });
    const client = await dial(on.proxy.listen);
    expect(await say(client, GET('/yes'), /\/yes $/)).toContain('200 OK');
    const refused = await say(client, GET('/no/a'), /slow döwn$/);
    expect(refused).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n/);
    expect(refused).toMatch(/\r\nRetry-After: 7\r\n/);
    expect(refused).toMatch(/\r\nDate: .* GMT\r\n/);
    expect(refused).toMatch(/\r\nContent-Length: 10\r\n\r\nslow döwn$/);
    await say(client, GET('/yes/2'), /\/yes\/2 $/);
    expect(origin.got).toEqual(['GET /yes ', 'GET /yes/2 ']);
    expect(await on.seen('http_status')).toMatchObject({ requests: 1, hits: 1, left: null, chunks: 0 });
    client.socket.destroy();
  });

  it.each([
    ['with a length', 'Content-Length: 9\r\n\r\nswallowed'],
    ['in chunks with a trailer', 'tRANSFER-eNCODING: Chunked\r\n\r\n3;x=y\r\nabc\r\n00\r\nT: 1\r\n\r\n'],
    ['empty', 'Content-Length: 0\r\n\r\n'],
  ])('reads the body of a refused request, %s, to its end, in any pieces', async (_, rest) => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    await on.add('http_status', { method: 'POST' });
    const client = await dial(on.proxy.listen);
    const text = `POST /a HTTP/1.1\r\nHost: x\r\n${rest}`;
    for (const byte of text) {
      expect(client.length).toBe(0);
      client.socket.write(byte);
      await sleep(1);
    }
    await expect.poll(() => client.text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    await say(client, GET('/b'), /\/b $/);
    expect(origin.got).toEqual(['GET /b ']);
    client.socket.destroy();
  });

  it('lets a client that waits for leave send its body first', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address, [{ name: 's', type: 'http_status' }]);
    const client = await dial(on.proxy.listen);
    const head = 'POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';
    expect(await say(client, head, /\r\n\r\n$/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(await say(client, 'body', /\r\n\r\n$/)).toMatch(/^HTTP\/1\.1 503 /);
    expect(origin.got).toEqual([]);
    expect(await on.seen('s')).toMatchObject({ hits: 1, droppedBytes: head.length + 4 });
    client.socket.destroy();
  });

  it('answers HEAD, 204 and 304 without a body', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    const path = await on.add('http_status', { body: 'four' });
    const client = await dial(on.proxy.listen);
    expect(await say(client, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', /\r\n\r\n/)).toMatch(/Content-Length: 4\r\n\r\n$/);
    for (const status of [204, 304]) {
      await on.api.post(path, { attributes: { status } });
      const answer = await say(client, GET('/'), /\r\n\r\n/);
      expect(answer).toMatch(/\r\n\r\n$/);
      expect(answer).not.toContain('Content-Length');
    }
    client.socket.destroy();
  });

  it.each([
    ['HTTP/1.1', 'Connection: Close\r\n', 'fin'],
    ['HTTP/1.1', '', 'open'],
    ['HTTP/1.0', '', 'fin'],
    ['HTTP/1.0', 'connection: Keep-Alive\r\n', 'open'],
  ])('ends the connection where the client wants it: %s %j', async (version, header, ending) => {
    await using origin = await upstream();
    await using on = await stage(origin.address, [{ type: 'http_status' }]);
    const client = await dial(on.proxy.listen);
    const answer = await say(client, `GET / ${version}\r\n${header}\r\n`, /\r\n\r\n$/);
    expect(answer.includes('Connection: close')).toBe(ending === 'fin');
    expect(await client.ending(ending === 'open' ? 60 : 3000)).toBe(ending);
    client.socket.destroy();
  });

  it('waits for the answers to requests before it', async () => {
    const waiting: (() => void)[] = [];
    await using origin = await upstream((request, _, response) => waiting.push(() => response.end(request.url)));
    await using on = await stage(origin.address);
    await on.add('http_status', { body: '/no', path: '/no' });
    const client = await dial(on.proxy.listen);
    client.socket.write(GET('/1') + GET('/no') + GET('/2') + GET('/no'));
    await expect.poll(() => waiting.length).toBe(2);
    await sleep(30);
    expect(client.length).toBe(0);
    waiting[0]?.();
    await expect.poll(() => client.text).toMatch(/\/1[^]*503[^]*\/no$/);
    waiting[1]?.();
    await expect.poll(() => client.text).toMatch(/\/1[^]*503[^]*\/no[^]*\/2[^]*503[^]*\/no$/);
    client.socket.destroy();
  });

  it('keeps its place behind every kind of answer', async () => {
    await using origin = await Origin.start();
    await using on = await stage(origin.address, [{ type: 'http_status', attributes: { path: '/no', body: 'own' } }]);
    for (const [method, answer] of [
      ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
      ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n'],
      [
        'GET',
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
      ],
      ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'],
      ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'],
      ['GET', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'],
    ]) {
      const client = await dial(on.proxy.listen);
      client.socket.write(`${method} /a HTTP/1.1\r\n\r\n${GET('/no')}`);
      const peer = await origin.next();
      await peer.until(10);
      for (const byte of answer ?? '') peer.socket.write(byte);
      await expect.poll(() => client.text).toMatch(/own$/);
      expect(client.text.startsWith(answer ?? '?')).toBe(true);
      expect(client.text.slice(answer?.length)).toMatch(/^HTTP\/1\.1 503 /);
      client.socket.destroy();
    }
  });

  it('says nothing behind an answer that ends with the connection', async () => {
    await using origin = await Origin.start();
    await using on = await stage(origin.address, [{ type: 'http_status', attributes: { path: '/no' } }]);
    for (const answer of [
      'HTTP/1.1 200 OK\r\n\r\nuntil the end',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na',
    ]) {
      const client = await dial(on.proxy.listen);
      client.socket.write(GET('/a') + GET('/no'));
      const peer = await origin.next();
      await peer.until(10);
      peer.socket.end(answer);
      expect(await client.ending()).toBe('fin');
      expect(client.text).toBe(answer);
    }
  });

  it('hits a share of the requests of one connection, the same for the same seed', async () => {
    await using origin = await upstream();
    const run = async (): Promise<string> => {
      await using on = await stage(origin.address, [
        { name: 's', type: 'http_status', attributes: { probability: 0.3 } },
      ]);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      let pattern = '';
      for (let n = 0; n < 200; n++) pattern += (await get(on.proxy.listen, '/', agent)) === 503 ? 'x' : '.';
      agent.destroy();
      const { hits } = await on.seen('s');
      expect(hits).toBe(pattern.split('').filter((one) => one === 'x').length);
      // 200 draws of 30 %: six standard deviations are 39.
      expect(hits).toBeGreaterThan(21);
      expect(hits).toBeLessThan(99);
      return pattern;
    };
    expect(await run()).toBe(await run());
  });

  it('concerns a share of the connections by its toxicity, all requests of them', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address, [{ type: 'http_status', toxicity: 0.5 }]);
    const kinds = new Set<string>();
    for (let n = 0; n < 24; n++) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const statuses = [await get(on.proxy.listen, '/', agent), await get(on.proxy.listen, '/', agent)];
      kinds.add(statuses.join());
      agent.destroy();
    }
    expect([...kinds].sort()).toEqual(['200,200', '503,503']);
  });

  it('recovers after the first so many, over all connections; an update counts anew', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    const path = await on.add('http_status', { first: 3 });
    const statuses = async (): Promise<number[]> => {
      const all: number[] = [];
      for (let n = 0; n < 5; n++) all.push(await get(on.proxy.listen, '/'));
      return all;
    };
    expect(await on.seen('http_status')).toMatchObject({ hits: 0, left: 3 });
    expect(await statuses()).toEqual([503, 503, 503, 200, 200]);
    expect(await on.seen('http_status')).toMatchObject({ hits: 3, left: 0, requests: 5 });
    await on.api.post(path, { attributes: { first: 1 } });
    expect(await on.seen('http_status')).toMatchObject({ hits: 3, left: 1 });
    expect(await statuses()).toEqual([503, 200, 200, 200, 200]);
    await on.api.delete(path);
    await on.add('http_status', { first: 2 });
    expect(await on.seen('http_status')).toMatchObject({ hits: 0, left: 2 });
    expect(await statuses()).toEqual([503, 503, 200, 200, 200]);
  });

  it('begins with the next request of a connection that is there already, and ends with its removal', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    const client = await dial(on.proxy.listen);
    await say(client, GET('/1'), /\/1 $/);
    const path = await on.add('http_status');
    await say(client, GET('/2'), /^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
    await on.api.delete(path);
    await say(client, GET('/3'), /\/3 $/);
    await on.add('http_status');
    await say(client, GET('/4'), /^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
    expect(origin.got).toEqual(['GET /1 ', 'GET /3 ']);
    client.socket.destroy();
  });

  it('leaves a body alone that was on its way when the toxic came', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    const client = await dial(on.proxy.listen);
    client.socket.write('POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nfour');
    await sleep(30);
    await on.add('http_status');
    await say(client, 'more', /\/1 fourmore$/);
    await say(client, GET('/2'), /503/);
    client.socket.destroy();
  });

  it.each([
    [{ status: 199 }, 'status must be from 200 to 599, received 199'],
    [{ headers: { 'a b': 'c' } }, '"a b" is no name of a header'],
    [{ headers: { a: 'b\r\nc: d' } }, "the header a can't have this value"],
    [{ headers: { 'content-Length': '5' } }, 'the header content-Length is written by the proxy itself'],
    [{ probability: 1.5 }, 'probability must be from 0 to 1, received 1.5'],
    [{ first: -1 }, 'first must not be negative, received -1'],
    [{ method: 'get' }, 'method must be in capitals, as GET, received "get"'],
    [{ path: 'a' }, 'path must begin with "/", received "a"'],
  ])('refuses %j', async (attributes, reason) => {
    await using on = await stage('127.0.0.1:1');
    await expect(on.add('http_status', attributes)).rejects.toThrow(
      JSON.stringify({ error: `invalid attribute: ${reason}`, status: 400 }),
    );
    for (const wrong of [{ body: 5 }, { headers: [] }, { headers: { a: 1 } }, { status: '200' }, { status: 200.5 }]) {
      await expect(on.add('http_status', wrong)).rejects.toThrow('cannot unmarshal');
    }
  });

  it('is not confused by what is no request: it passes', async () => {
    await using origin = await Origin.echo();
    await using on = await stage(origin.address, [
      { type: 'http_status' },
      { type: 'http_delay', attributes: { delay: 60_000 } },
    ]);
    for (const text of [
      '*1\r\n$4\r\nPING\r\n',
      'hello',
      'get /a HTTP/1.1\r\n',
      'GET key\r\n',
      'GET /a HTTP/2.0\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'GET /a b HTTP/1.1\r\n',
      'GET / HTTP/1.1\r\nno field\r\n\r\n',
      'GET / HTTP/1.1\r\na: b\r\n folded\r\n\r\n',
      'GET / HTTP/1.1\r\na : b\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nab',
      'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      `GET / HTTP/1.1\r\na: ${'b'.repeat(70_000)}\r\n\r\n`,
      '\x16\x03\x01\x02',
    ]) {
      const client = await dial(on.proxy.listen);
      client.socket.write(text);
      await client.until(text.length);
      expect(client.text).toBe(text);
      // And everything behind it.
      client.socket.write(GET('/'));
      await client.until(text.length + GET('/').length);
      client.socket.destroy();
    }
  });

  it('leaves the two alone when they have changed to another protocol', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address, [{ type: 'http_status', attributes: { path: '/no' } }]);
    for (const [text, answer] of [
      [GET('/ws', 'Connection: Upgrade\r\nUpgrade: echo\r\n'), /101 [^]*\r\n\r\n$/],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', /200 OK\r\n\r\n$/],
    ] as const) {
      const client = await dial(on.proxy.listen);
      await say(client, text, answer);
      expect(await say(client, GET('/no'), /\r\n\r\n$/)).toBe(GET('/no'));
      client.socket.destroy();
    }
    // A server that does not want to: the next request is one.
    await using plain = await Origin.start();
    await using next = await stage(plain.address, [{ type: 'http_status', attributes: { path: '/no' } }]);
    const client = await dial(next.proxy.listen);
    client.socket.write(GET('/', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'));
    const peer = await plain.next();
    await peer.until(20);
    peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await expect.poll(() => client.text).toMatch(/0\r\n\r\n$/);
    await say(client, GET('/no'), /^HTTP\/1\.1 503 /);
    client.socket.destroy();
  });

  it('shows its attributes in their order, and merges an update', async () => {
    await using on = await stage('127.0.0.1:1');
    const path = await on.add('http_status', { headers: { A: 'b', __proto__: 'c' } });
    await on.api.post(path, { attributes: { body: 'x' } });
    expect((await on.api.get(path)).text).toBe(
      '{"attributes":{"status":503,"body":"x","headers":{"A":"b"},"probability":1,"first":0,"method":"","path":""},' +
        '"name":"http_status","type":"http_status","stream":"downstream","toxicity":1}',
    );
  });
});

describe('http_delay', () => {
  it('waits once for each request, however many pieces it comes in', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    await on.add('http_delay', { delay: 60 });
    const client = await dial(on.proxy.listen);
    for (const [n, body] of ['a'.repeat(200_000), ''].entries()) {
      const startedMs = performance.now();
      const text = `POST /${n} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      await say(client, text, body === '' ? /\/1 $/ : /a$/);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59.5);
    }
    const seen = await on.seen('http_delay');
    expect(seen).toMatchObject({ hits: 2, requests: 2 });
    expect(seen.meanDelayMs).toBeGreaterThanOrEqual(60);
    expect(seen.meanDelayMs).toBeLessThan(120);
    client.socket.destroy();
  });

  it('adds up with a second one, and delays an answer of the proxy too', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address, [
      { name: 'a', type: 'http_delay', attributes: { delay: 30 } },
      { name: 'b', type: 'http_delay', attributes: { delay: 40, jitter: 5 } },
      { name: 'c', type: 'http_status' },
    ]);
    const startedMs = performance.now();
    expect(await get(on.proxy.listen, '/')).toBe(503);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(64.5);
  });

  it('lets go of a request that it holds when it is changed or removed', async () => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    const path = await on.add('http_delay', { delay: 60_000 });
    const client = await dial(on.proxy.listen);
    client.socket.write(GET('/1'));
    await sleep(30);
    expect(origin.got).toEqual([]);
    await on.api.post(path, { attributes: { delay: 50_000 } });
    await expect.poll(() => origin.got).toEqual(['GET /1 ']);
    client.socket.write(GET('/2') + GET('/3'));
    await sleep(30);
    await on.api.delete(path);
    await expect.poll(() => origin.got).toEqual(['GET /1 ', 'GET /2 ', 'GET /3 ']);
    client.socket.destroy();
  });

  it('hands on the end of the stream behind the request, and forgets one whose client has gone', async () => {
    await using origin = await Origin.start();
    await using on = await stage(origin.address, [{ type: 'http_delay', attributes: { delay: 60 } }]);
    const client = await dial(on.proxy.listen);
    client.socket.end(GET('/1'));
    const peer = await origin.next();
    expect(await peer.ending()).toBe('fin');
    expect(peer.text).toBe(GET('/1'));
    await on.api.delete(`/proxies/${on.proxy.name}`);
  });
});

describe('http_abort', () => {
  it.each([
    ['reset', 'reset'],
    ['close', 'fin'],
  ])('ends the connection at a request: %s', async (ending, seen) => {
    await using origin = await upstream();
    await using on = await stage(origin.address);
    await on.add('http_abort', { ending, path: '/no' });
    const client = await dial(on.proxy.listen);
    await say(client, GET('/yes'), /\/yes $/);
    client.socket.write(`POST /no HTTP/1.1\r\nContent-Length: 100000\r\n\r\n${'a'.repeat(50_000)}`);
    expect(await client.ending()).toBe(seen);
    expect(origin.got).toEqual(['GET /yes ']);
    expect(await on.seen('http_abort')).toMatchObject({ hits: 1, closedConnections: 1 });
    client.socket.destroy();
  });

  it('lets those before it have their answers', async () => {
    await using origin = await upstream((request, _, response) => setTimeout(() => response.end(request.url), 30));
    await using on = await stage(origin.address, [
      { type: 'http_abort', attributes: { ending: 'close', path: '/no' } },
    ]);
    const client = await dial(on.proxy.listen);
    client.socket.write(GET('/1') + GET('/2') + GET('/no') + GET('/3'));
    expect(await client.ending()).toBe('fin');
    expect(client.text).toMatch(/\/1[^]*\/2$/);
    expect(origin.got).toEqual(['GET /1 ', 'GET /2 ']);
  });

  it('refuses another ending', async () => {
    await using on = await stage('127.0.0.1:1');
    await expect(on.add('http_abort', { ending: 'explode' })).rejects.toThrow('ending must be reset or close');
  });
});

describe('fail_first', () => {
  it.each([
    ['reset', 'reset'],
    ['close', 'fin'],
  ])('ends the first connections (%s), then lets all pass', async (ending, seen) => {
    await using origin = await Origin.echo();
    await using on = await stage(origin.address);
    const path = await on.add('fail_first', { connections: 2, ending });
    const round = async (): Promise<string> => sayHello(on.proxy.listen);
    expect(await on.seen('fail_first')).toMatchObject({ hits: 0, left: 2 });
    expect([await round(), await round(), await round()]).toEqual([seen, seen, 'answered']);
    expect(origin.peers).toHaveLength(1);
    expect(await on.seen('fail_first')).toMatchObject({ hits: 2, left: 0, closedConnections: 2 });
    await on.api.post(path, { attributes: { connections: 1 } });
    expect([await round(), await round()]).toEqual([seen, 'answered']);
    expect(await on.seen('fail_first')).toMatchObject({ hits: 3, left: 0 });
  });

  it('spares connections that are there already, and those not drawn', async () => {
    await using origin = await Origin.echo();
    await using on = await stage(origin.address);
    const old = await dial(on.proxy.listen);
    old.socket.write('a');
    await old.until(1);
    const path = await on.add('fail_first', { connections: 1 }, { toxicity: 0 });
    const spared = await dial(on.proxy.listen);
    spared.socket.write('b');
    await spared.until(1);
    await on.api.post(path, { toxicity: 1 });
    old.socket.write('c');
    await old.until(2);
    expect(await sayHello(on.proxy.listen)).toBe('reset');
    for (const { socket } of [old, spared]) socket.destroy();
  });

  it('refuses no connections and another ending', async () => {
    await using on = await stage('127.0.0.1:1');
    await expect(on.add('fail_first', { connections: 0 })).rejects.toThrow('connections must be at least 1');
    await expect(on.add('fail_first', { ending: '' })).rejects.toThrow('ending must be reset or close');
  });
});

/** How a new connection ends, or that what is said comes back. */
async function sayHello(address: string): Promise<string> {
  // A reset may come before the system has told that the connection is there.
  const client = await dial(address).catch(() => undefined);
  if (!client) return 'reset';
  client.socket.write('hello');
  const how = await Promise.race([client.ending(), client.until(5).then(() => 'answered')]);
  client.socket.destroy();
  return how;
}

async function get(address: string, path: string, agent?: Agent): Promise<number> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const asking = ask({ host, port: Number(port), path, agent: agent ?? false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asking.on('error', reject);
    asking.end();
  });
}
