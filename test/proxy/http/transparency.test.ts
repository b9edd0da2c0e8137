import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dial, Origin, sleep, type Peer } from '../support/peers.js';
import { stage, upstream } from './support.js';

const SEED = 20_251;

/** Toxics that look at every request, and hit none. */
const LOOKING = [
  { name: 'a', type: 'http_status', attributes: { path: '/never' } },
  { name: 'b', type: 'http_abort', attributes: { probability: 0 } },
  { name: 'c', type: 'http_delay', attributes: { method: 'TRACE', delay: 1000 } },
];

const token = fc.stringMatching(/^[a-z]{1,8}$/);
const field = fc.tuple(fc.constantFrom('X-A', 'x-b', 'ACCEPT', 'cookie'), fc.stringMatching(/^[ -~]{0,20}$/));
const fields = fc
  .array(field, { maxLength: 4 })
  .map((all) => all.map(([name, value]) => `${name}: ${value}\r\n`).join(''));
const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const body = fc.oneof(
  fc.constant('\r\n'),
  content.map((bytes) => `content-LENGTH: ${bytes.length}\r\n\r\n${bytes}`),
  fc
    .array(
      content.filter((bytes) => bytes !== ''),
      { maxLength: 4 },
    )
    .map(
      (chunks) =>
        `Transfer-Encoding: chunked\r\n\r\n${chunks.map((bytes) => `${bytes.length.toString(16)};a=b\r\n${bytes}\r\n`).join('')}0\r\nT: u\r\n\r\n`,
    ),
);
const aRequest = fc
  .tuple(fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'), token, fields, body)
  .map(([method, path, more, rest]) => `${method} /${path} HTTP/1.1\r\nHost: x\r\n${more}${rest}`);
const aResponse = fc
  .tuple(
    fc.constantFrom('200 OK', '404 Not Found', '204 No Content', '304 Not Modified', '100 Continue', '500'),
    fields,
    body,
  )
  .map(([status, more, rest]) => `HTTP/1.1 ${status}\r\n${more}${rest}`);
const noise = fc.oneof(
  content,
  fc.constantFrom('GET / HTTP/1.1\r\nbroken', 'HTTP/1.1 999\r\n', '\r\n\r\n', 'POST ', '0\r\n\r\n'),
);

/** Messages, sometimes with something else among them, and where to cut what is sent. */
const stream = (message: fc.Arbitrary<string>) =>
  fc.record({
    text: fc
      .array(fc.oneof({ arbitrary: message, weight: 12 }, { arbitrary: noise, weight: 1 }), {
        minLength: 1,
        maxLength: 5,
      })
      .map((parts) => parts.join('')),
    cuts: fc.array(fc.nat(2000), { maxLength: 8 }),
  });

it('bytes of requests that are not hit pass unchanged, and so do all answers', async () => {
  await using origin = await Origin.start();
  await using on = await stage(origin.address, LOOKING);
  await fc.assert(
    fc.asyncProperty(stream(aRequest), stream(aResponse), async (requests, responses) => {
      const direct = await dial(origin.address);
      const atDirect = await origin.next();
      const proxied = await dial(on.proxy.listen);
      const atProxied = await origin.next();
      for (const [client, peer] of [
        [direct, atDirect],
        [proxied, atProxied],
      ] as const) {
        await Promise.all([write(client, requests), write(peer, responses)]);
        // What is incomplete at the end is handed on with the end of the stream.
        await client.until(responses.text.length);
        client.socket.end();
        await peer.ended;
        for (const { socket } of [client, peer]) socket.destroy();
      }
      expect(atProxied.data.equals(atDirect.data)).toBe(true);
      expect(atDirect.data.toString('latin1')).toBe(requests.text);
      expect(proxied.data.equals(direct.data)).toBe(true);
    }),
    { numRuns: 150, seed: SEED },
  );
}, 30_000);

it('toxics that come and go in the middle of a connection change no byte', async () => {
  await using origin = await Origin.start();
  await using on = await stage(origin.address);
  await fc.assert(
    fc.asyncProperty(
      fc.array(stream(aRequest), { minLength: 2, maxLength: 4 }),
      fc.array(stream(aResponse), { minLength: 2, maxLength: 4 }),
      async (requests, responses) => {
        const client = await dial(on.proxy.listen);
        const peer = await origin.next();
        const change = async (): Promise<void> => {
          for (const { type, attributes } of LOOKING) {
            const path = await on.add(type, attributes);
            await on.api.post(path, { attributes: {} });
            await on.api.delete(path);
          }
        };
        const say = async (from: Peer, all: typeof requests): Promise<void> => {
          for (const one of all) {
            await write(from, one);
            await sleep(1);
          }
        };
        await Promise.all([say(client, requests), say(peer, responses), change()]);
        const answers = responses.map(({ text }) => text).join('');
        await client.until(answers.length);
        client.socket.end();
        await peer.ended;
        for (const { socket } of [client, peer]) socket.destroy();
        expect(peer.data.toString('latin1')).toBe(requests.map(({ text }) => text).join(''));
        expect(client.data.toString('latin1')).toBe(answers);
      },
    ),
    { numRuns: 40, seed: SEED },
  );
}, 30_000);

/** Of each request: is it hit, what it sends, and what it would be answered with. */
const exchange = fc.record({
  hit: fc.boolean(),
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
  rest: body,
  status: fc.constantFrom(200, 204, 304, 404),
  chunked: fc.boolean(),
  early: fc.boolean(),
  waitsMs: fc.constantFrom(0, 0, 0, 3),
});

it('of pipelined requests each gets its own answer, in order, and only those that are not hit reach the upstream', async () => {
  let exchanges: { status: number; chunked: boolean; early: boolean; waitsMs: number }[] = [];
  await using origin = await upstream((request, _, response) => {
    const n = Number(request.headers['x-n']);
    const { status, chunked, early, waitsMs } = exchanges[n] ?? {
      status: 500,
      chunked: false,
      early: false,
      waitsMs: 0,
    };
    setTimeout(() => {
      if (early) response.writeEarlyHints({ link: '</a>; rel=preload' });
      const text = `body of ${n}`;
      response.writeHead(status, { 'x-n': n, ...(chunked ? {} : { 'content-length': text.length }) });
      response.end(text);
    }, waitsMs);
  });
  await using on = await stage(origin.address);
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(3000), { maxLength: 6 }),
      async (all, cuts) => {
        exchanges = all;
        origin.got.length = 0;
        // Its answers name no request: they are counted by their place.
        await on.add('http_status', { status: 418, headers: { 'X-N': 'own' }, path: '/hit' });
        const client = await dial(on.proxy.listen);
        const text = all
          .map(
            ({ hit, method, rest }, n) =>
              `${method} /${hit ? 'hit' : 'ok'}/${n} HTTP/1.1\r\nHost: x\r\nX-N: ${n}\r\n${rest}`,
          )
          .join('');
        await write(client, {
          text: `${text}GET /ok/last HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-N: -1\r\n\r\n`,
          cuts,
        });
        await client.ended;
        client.socket.destroy();
        const heads = [...client.text.matchAll(/HTTP\/1\.1 (\d+) [^]*?\r\n\r\n/g)].filter(
          ([, status]) => status !== '103',
        );
        const marks = heads.map(([head, status]) => `${status} ${/x-n: (\S+)/i.exec(head)?.[1]}`);
        expect(marks).toEqual([...all.map(({ hit, status }, n) => (hit ? '418 own' : `${status} ${n}`)), '500 -1']);
        const passed = all.flatMap(({ hit, method }, n) => (hit ? [] : [`${method} /ok/${n}`]));
        expect(origin.got.map((line) => line.split(' ', 2).join(' '))).toEqual([...passed, 'GET /ok/last']);
        await on.api.delete(`/proxies/${on.proxy.name}/toxics/http_status`);
      },
    ),
    { numRuns: 120, seed: SEED },
  );
}, 30_000);

async function write(peer: Peer, { text, cuts }: { text: string; cuts: readonly number[] }): Promise<void> {
  const data = Buffer.from(text, 'latin1');
  const ends = [...new Set(cuts)].filter((cut) => cut < data.length).sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, data.length]) {
    peer.socket.write(data.subarray(start, end));
    start = end;
    // Each piece in a segment of its own, mostly.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
