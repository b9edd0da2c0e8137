import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptClients } from '../../src/proxy/accept.js';
import type { End } from '../../src/proxy/connection.js';
import { startProxyServer, type ProxyServer } from '../../src/proxy/index.js';
import { Link } from '../../src/proxy/link.js';
import { randomStream } from '../../src/proxy/random.js';
import { TOXIC_TYPES } from '../../src/proxy/toxics/registry.js';
import { nothingSeen, type Toxic } from '../../src/proxy/toxics/toxic.js';
import { ApiClient } from './support/api-client.js';
import { pair } from './support/pairs.js';
import { dial, Origin, sleep } from './support/peers.js';

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

describe('through a server', () => {
  let server: ProxyServer;
  let api: ApiClient;
  beforeEach(async () => {
    server = await startProxyServer({ port: 0, seed: 3 });
    api = new ApiClient(server.url);
  });
  afterEach(async () => server.close());

  it('memory that is read into again changes nothing of what a slow receiver has not got yet', async () => {
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    // Sizes below and above what queues without a pause, so that data waits in every way there is.
    const data = randomBytes(12_000_000);
    const random = randomStream(1, 'sizes');
    let paused = true;
    peer.socket.pause();
    const toggling = setInterval(() => {
      paused = !paused;
      if (paused) peer.socket.pause();
      else peer.socket.resume();
    }, 7);
    for (let start = 0; start < data.length;) {
      const end = start + Math.ceil(random() ** 4 * 200_000);
      if (!client.socket.write(data.subarray(start, end))) await once(client.socket, 'drain');
      start = end;
    }
    clearInterval(toggling);
    peer.socket.resume();
    await peer.until(data.length, 10_000);
    expect(digest(peer.data)).toBe(digest(data));
    client.socket.destroy();
  });

  it('small messages to a receiver that does not read arrive as they were', async () => {
    await using origin = await Origin.start(({ socket }) => socket.pause());
    const proxy = await api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    // More than the system holds, in messages so small that the first one it refuses does not stop the reading.
    const data = randomBytes(9_000_000);
    for (let start = 0; start < data.length; start += 3000) {
      client.socket.write(data.subarray(start, start + 3000));
      await new Promise(setImmediate);
    }
    await sleep(100);
    peer.socket.resume();
    await peer.until(data.length, 10_000);
    expect(digest(peer.data)).toBe(digest(data));
    client.socket.destroy();
  });

  it('a toxic that lets the proxy read on while a write is unfinished changes nothing of what is being written', async () => {
    await using origin = await Origin.start(({ socket }) => socket.pause());
    const proxy = await api.proxy(origin.address);
    const { client, peer } = await pair(proxy, origin);
    const data = randomBytes(16_000_000);
    client.socket.write(data);
    await sleep(200);
    await api.toxic(proxy, 'latency', 'upstream', { latency: 1 });
    await sleep(50);
    peer.socket.resume();
    await peer.until(data.length, 10_000);
    expect(digest(peer.data)).toBe(digest(data));
    client.socket.destroy();
  });
});

/** Two connected sockets; the near one was accepted. @param direct see `acceptClients` */
async function joined(direct = true): Promise<{ near: End; far: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<End>((resolve) => {
    acceptClients(server, resolve, direct);
  });
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const near = await accepted;
  server.close();
  return { near, far };
}

function noop(): Toxic {
  const definition = TOXIC_TYPES.get('noop');
  if (!definition) throw new Error('noop is not registered');
  return {
    name: 't',
    streamAsTyped: 'upstream',
    stream: 'upstream',
    definition,
    toxicity: 1,
    attributes: {},
    seen: nothingSeen(),
    struck: 0,
  };
}

it('a link goes back to the bare path when its last toxic is removed, and rolls no dice before the first', async () => {
  const [from, to] = [await joined(), await joined()];
  const { socket: source, intake } = from.near;
  let rolled = 0;
  const link = new Link('upstream', source, to.near.socket, {
    random: () => () => {
      rolled += 1;
      return 0;
    },
    close: (socket) => socket.destroySoon(),
  });
  link.start([], intake);
  const send = async (text: string): Promise<string> => {
    from.far.write(text);
    return String(await once(to.far, 'data'));
  };
  expect(await send('one')).toBe('one');
  expect([link.bare, rolled]).toEqual([true, 0]);
  const toxic = noop();
  link.appendToxic(toxic);
  expect(await send('two')).toBe('two');
  expect([link.bare, rolled, toxic.seen.chunks]).toEqual([false, 1, 1]);
  link.removeToxic(toxic);
  expect(await send('three')).toBe('three');
  expect([link.bare, rolled, toxic.seen.chunks]).toEqual([true, 1, 1]);
  for (const socket of [source, from.far, to.near.socket, to.far]) socket.destroy();
});

describe('an accepted socket', () => {
  it.each([true, false])('reads into its intake, and tells the end (handle can be taken: %s)', async (direct) => {
    const { near, far } = await joined(direct);
    const { socket, intake } = near;
    const received: string[] = [];
    intake.receiver = {
      receive(data) {
        received.push(data.toString());
        return true;
      },
    };
    // Of a taken handle the server's own list knows nothing.
    expect('server' in socket && socket.server !== null).toBe(!direct);
    far.end('hello');
    await sleep(20);
    expect(received).toEqual([]);
    socket.resume();
    await once(socket, 'end');
    expect(received.join('')).toBe('hello');
    expect(socket.bytesRead).toBe(5);
    socket.end('bye');
    expect(String(await once(far, 'data'))).toBe('bye');
    for (const each of [socket, far]) each.destroy();
  });
});

it('a connection that is refused holds nothing up and leaves nothing behind', async () => {
  const server = await startProxyServer({ port: 0 });
  const api = new ApiClient(server.url);
  const proxy = await api.proxy('127.0.0.1:1');
  for (let i = 0; i < 20; i += 1) expect(await (await dial(proxy.listen)).ending()).not.toBe('open');
  const traffic = (await api.get('/plimsoll/traffic')).json();
  expect(traffic).toMatchObject({ [proxy.name]: { connectionsOpen: 0, connectionsTotal: 0 } });
  await server.close();
});
