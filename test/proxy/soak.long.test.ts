import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { randomStream } from '../../src/proxy/random.js';
import { ApiClient } from './support/api-client.js';
import { dial, median, Origin, sleep } from './support/peers.js';

/** PLIMSOLL_SOAK_S: how long, in seconds. The compiled proxy runs in a process of its own. */
const SOAK_S = Number(process.env['PLIMSOLL_SOAK_S'] ?? 600);
const SAMPLES = 20;
const TOXICS = [
  { type: 'latency', attributes: { latency: 15, jitter: 10 } },
  { type: 'bandwidth', attributes: { rate: 20_000 } },
  { type: 'slicer', attributes: { average_size: 500, size_variation: 100, delay: 50 } },
  { type: 'limit_data', attributes: { bytes: 20_000 } },
  { type: 'reset_peer', attributes: { timeout: 5 } },
  { type: 'timeout', attributes: { timeout: 20 } },
  { type: 'slow_close', attributes: { delay: 10 } },
];

it(
  `memory and open files stay flat through ${SOAK_S} s of traffic while toxics come and go`,
  { timeout: (SOAK_S + 60) * 1000 },
  async () => {
    const entry = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));
    const child = fork(entry, ['-port', '0', '-seed', '1'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    const running = { over: false };
    try {
      const [hello] = (await once(child, 'message')) as [{ url: string }];
      const api = new ApiClient(hello.url);
      await using origin = await Origin.start(({ socket }) => {
        socket
          .on('data', (data) => socket.write(data))
          .on('end', () => socket.end())
          .on('error', () => undefined);
      });
      const proxy = await api.proxy(origin.address);
      const visits = { count: 0 };
      const clients = Array.from({ length: 10 }, async (_, index) =>
        visitUntil(running, proxy.listen, index, visits, origin),
      );
      const churn = comeAndGo(running, api, `/proxies/${proxy.name}/toxics`);
      const samples: { rssMb: number; files: number }[] = [];
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        await sleep((SOAK_S * 1000) / SAMPLES);
        samples.push({ rssMb: rssMb(child.pid ?? 0), files: readdirSync(`/proc/${child.pid}/fd`).length });
      }
      running.over = true;
      await Promise.all([...clients, churn]);
      await api.post('/reset');
      await sleep(500);
      const filesAfter = readdirSync(`/proc/${child.pid}/fd`).length;
      const traffic = (await api.get('/plimsoll/traffic')).json() as Record<string, { connectionsOpen: number }>;
      console.log(
        `${visits.count} connections; RSS MB ${samples.map(({ rssMb: mb }) => mb.toFixed(0)).join(' ')}; files ${samples.map(({ files }) => files).join(' ')}, then ${filesAfter}`,
      );
      expect(visits.count).toBeGreaterThan(SOAK_S);
      expect(traffic[proxy.name]?.connectionsOpen).toBe(0);
      // 10 clients at a time, two sockets each, and what the process itself has open.
      expect(filesAfter).toBeLessThan(40);
      const part = (from: number, to: number): number => median(samples.slice(from, to).map(({ rssMb: mb }) => mb));
      // The first quarter may still grow: compiled code, arenas of the allocator.
      expect(part(15, 20)).toBeLessThan(part(5, 10) * 1.15 + 5);
    } finally {
      running.over = true;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  },
);

async function visitUntil(
  running: { over: boolean },
  address: string,
  index: number,
  visits: { count: number },
  origin: Origin,
): Promise<void> {
  const random = randomStream(2, `client ${index}`);
  while (!running.over) {
    const client = await dial(address).catch((error: NodeJS.ErrnoException) => {
      // The reset of reset_peer may come before the client has noticed that it is connected.
      if (error.code !== 'ECONNRESET') throw error;
      return undefined;
    });
    if (!client) continue;
    client.socket.write(Buffer.alloc(Math.ceil(random() ** 3 * 300_000)));
    const leave = random();
    await sleep(random() * 60);
    if (leave < 0.3) client.socket.resetAndDestroy();
    else if (leave < 0.6) client.socket.end();
    else client.socket.destroy();
    if (leave >= 0.3 && leave < 0.6) {
      await client.ending(500);
      client.socket.destroy();
    }
    visits.count += 1;
    // The peers of the origin keep what they got: forget those that are gone.
    if (index === 0 && visits.count % 10 === 0) {
      for (const peer of origin.peers.splice(0)) if (!peer.socket.destroyed) origin.peers.push(peer);
    }
  }
}

async function comeAndGo(running: { over: boolean }, api: ApiClient, path: string): Promise<void> {
  const random = randomStream(3, 'churn');
  for (let step = 0; !running.over; step += 1) {
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

function rssMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
