import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { randomStream, type Random } from '../../src/proxy/random.js';
import type { ApiClient } from './support/api-client.js';
import { median, sleep } from './support/peers.js';
import { ProxyProcess, type Vitals } from './support/proxy-process.js';

/** PLIMSOLL_SOAK_S: how long, in seconds. The compiled proxy runs in a process of its own. */
const SOAK_S = Number(process.env['PLIMSOLL_SOAK_S'] ?? 600);
const SAMPLES = 20;
/** They stay, exchange messages, and come back when a toxic has ended them. */
const RESIDENTS = 190;
/** They come, leave up to 300 KB and go again, in every way there is. */
const VISITORS = 10;
const TOXICS = [
  { type: 'latency', attributes: { latency: 15, jitter: 10 } },
  { type: 'bandwidth', attributes: { rate: 20_000 } },
  { type: 'slicer', attributes: { average_size: 500, size_variation: 100, delay: 50 } },
  { type: 'limit_data', attributes: { bytes: 20_000 } },
  { type: 'reset_peer', attributes: { timeout: 5 } },
  { type: 'timeout', attributes: { timeout: 20 } },
  { type: 'slow_close', attributes: { delay: 10 } },
];

interface Load {
  over: boolean;
  port: number;
  messages: number;
  visits: number;
  /** Bytes that came back to residents. */
  received: number;
}

it(
  `memory, open files and timers stay level through ${SOAK_S} s of traffic on ${RESIDENTS + VISITORS} connections while toxics come and go`,
  { timeout: (SOAK_S + 120) * 1000 },
  async () => {
    const origin = await echo();
    await using proxy = await ProxyProcess.start(1);
    const { api } = proxy;
    const { name, listen } = await api.proxy(`127.0.0.1:${(origin.address() as AddressInfo).port}`);
    const before = await proxy.vitals();
    const load: Load = { over: false, port: Number(listen.split(':')[1]), messages: 0, visits: 0, received: 0 };
    const samples: Vitals[] = [];
    const working = [
      ...Array.from({ length: RESIDENTS }, async (_, i) => reside(load, randomStream(4, `resident ${i}`))),
      ...Array.from({ length: VISITORS }, async (_, i) => visit(load, randomStream(2, `visitor ${i}`))),
      comeAndGo(load, api, `/proxies/${name}/toxics`),
    ];
    try {
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        await Promise.race([sleep((SOAK_S * 1000) / SAMPLES), Promise.all(working)]);
        samples.push(await proxy.vitals());
      }
    } finally {
      load.over = true;
    }
    await Promise.all(working);
    await api.post('/reset');
    let after = await proxy.vitals();
    for (let attempt = 0; attempt < 50 && after.sockets > before.sockets; attempt += 1) {
      await sleep(100);
      after = await proxy.vitals();
    }
    const list = (what: keyof Vitals): string => samples.map((vitals) => vitals[what].toFixed(0)).join(' ');
    console.log(
      `${load.messages} messages, ${load.visits} visits; RSS MB ${list('rssMb')}; heap MB ${list('heapMb')}; ` +
        `files ${list('files')}; timers ${list('timers')}\nbefore ${JSON.stringify(before)}\nafter  ${JSON.stringify(after)}`,
    );
    const traffic = (await api.get('/plimsoll/traffic')).json() as Record<string, { connectionsOpen: number }>;
    origin.close();
    expect(load.received).toBeGreaterThan(SOAK_S * 10_000);
    expect(load.visits).toBeGreaterThan(SOAK_S);
    expect(load.messages).toBeGreaterThan(SOAK_S * 20);
    expect(traffic[name]?.connectionsOpen).toBe(0);
    expect(after.files).toBeLessThanOrEqual(before.files + 1);
    expect(after.sockets).toBeLessThanOrEqual(before.sockets);
    expect(after.timers).toBeLessThanOrEqual(before.timers + 1);
    expect(after.heapMb - before.heapMb).toBeLessThan(5);
    const part = (from: number, to: number): number => median(samples.slice(from, to).map(({ rssMb }) => rssMb));
    // The first quarter may still grow: compiled code, arenas of the allocator.
    expect(part(15, 20)).toBeLessThan(part(5, 10) * 1.15 + 5);
  },
);

async function echo(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket
      .on('data', (data) => socket.write(data))
      .on('end', () => socket.end())
      .on('error', () => undefined);
  }).listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  return server;
}

/** @returns undefined when a toxic's reset came before the client had noticed that it is connected */
async function come(load: Load): Promise<Socket | undefined> {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket)).on('error', () => resolve(undefined));
  });
}

/** Some of these toxics swallow data, so what comes back is only counted: `endurance` compares it, with toxics that don't. */
async function reside(load: Load, random: Random): Promise<void> {
  while (!load.over) {
    const socket = await come(load);
    if (!socket) continue;
    socket.on('data', (data) => (load.received += data.length));
    while (!load.over && !socket.readableEnded && !socket.destroyed) {
      socket.write(Buffer.alloc(1 + Math.floor(random() ** 2 * 2000)));
      load.messages += 1;
      await sleep(100 + random() * 200);
    }
    socket.destroy();
  }
}

async function visit(load: Load, random: Random): Promise<void> {
  while (!load.over) {
    const socket = await come(load);
    if (!socket) continue;
    socket.resume().write(Buffer.alloc(Math.ceil(random() ** 3 * 300_000)));
    const leave = random();
    await sleep(random() * 60);
    if (leave < 0.3) socket.resetAndDestroy();
    else if (leave < 0.6) {
      socket.end();
      await Promise.race([new Promise((resolve) => socket.once('close', resolve).once('end', resolve)), sleep(500)]);
    }
    socket.destroy();
    load.visits += 1;
  }
}

async function comeAndGo(load: Load, api: ApiClient, path: string): Promise<void> {
  const random = randomStream(3, 'churn');
  for (let step = 0; !load.over; step += 1) {
    const toxic = TOXICS[Math.floor(random() * TOXICS.length)];
    const stream = random() < 0.5 ? 'upstream' : 'downstream';
    await api.post(path, { ...toxic, name: `t${step}`, stream, toxicity: random() * 1.5 });
    await sleep(random() * 100);
    if (step >= 2) await api.delete(`${path}/t${step - 2}`);
    if (step % 20 === 0) {
      await api.post('/reset');
      await sleep(200);
    }
  }
}
