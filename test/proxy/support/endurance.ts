import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { startProxyServer } from '../../../src/proxy/index.js';
import { randomStream } from '../../../src/proxy/random.js';
import { ApiClient } from './api-client.js';
import { churn } from './churn.js';
import { dial, Origin, sleep } from './peers.js';

/** Changes of toxics under busy connections lose nothing, and leave no socket, listener, timer or memory behind. */
export async function expectEndurance(operations: number, connections: number): Promise<void> {
  // Once before the count: what is loaded and compiled on the way stays.
  await campaign(50, 5);
  const before = await leftOver();
  await campaign(operations, connections);
  let after = await leftOver();
  for (let attempt = 0; attempt < 50 && !isNoMore(after, before); attempt += 1) {
    await sleep(100);
    after = await leftOver();
  }
  expect(after.resources).toEqual(before.resources);
  expect(after.heapMB - before.heapMB).toBeLessThan(5);
}

async function campaign(operations: number, connections: number): Promise<void> {
  await using origin = await Origin.echo();
  const server = await startProxyServer({ port: 0, seed: 11 });
  const api = new ApiClient(server.url);
  const proxy = await api.proxy(origin.address);
  const pattern = randomBytes(1_000_003);
  const checks = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = await dial(proxy.listen);
      // Kept as a count, not as bytes: the memory is measured.
      client.socket.removeAllListeners('data');
      const check = { socket: client.socket, ended: client.ended, sent: 0, received: 0, wrongAt: -1 };
      client.socket.on('data', (data) => {
        if (check.wrongAt < 0 && !data.equals(slice(pattern, check.received, data.length)))
          check.wrongAt = check.received;
        check.received += data.length;
      });
      return check;
    }),
  );
  for (const peer of origin.peers) {
    peer.socket.removeAllListeners('data');
    peer.socket.on('data', (data) => peer.socket.write(data));
  }
  const random = randomStream(operations, 'lengths');
  const sending = setInterval(() => {
    for (const check of checks) {
      if (check.socket.writableLength > 65_536) continue;
      const length = 1 + Math.floor(random() * 2000);
      check.socket.write(slice(pattern, check.sent, length));
      check.sent += length;
    }
  }, 30);
  await churn(api, proxy, randomStream(operations, 'endurance'), { steps: operations, pauseMs: 4 });
  clearInterval(sending);
  const deadline = performance.now() + 20_000;
  while (checks.some(({ sent, received }) => received < sent) && performance.now() < deadline) await sleep(20);
  expect(checks.filter(({ wrongAt }) => wrongAt >= 0)).toEqual([]);
  expect(checks.map(({ received }) => received)).toEqual(checks.map(({ sent }) => sent));
  expect(Math.min(...checks.map(({ sent }) => sent))).toBeGreaterThan(0);
  for (const { socket } of checks) socket.end();
  for (const { ended } of checks) expect(await ended).toBe('fin');
  await server.close();
}

/** So many bytes of the pattern, which repeats itself, from there on. */
function slice(pattern: Buffer, start: number, length: number): Buffer {
  const from = start % pattern.length;
  const first = pattern.subarray(from, from + length);
  return first.length === length ? first : Buffer.concat([first, pattern.subarray(0, length - first.length)]);
}

interface LeftOver {
  resources: Record<string, number>;
  heapMB: number;
}

/** What keeps the process busy, by kind, and the memory of what is reachable; bytes of buffers come and go in pools. */
async function leftOver(): Promise<LeftOver> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await sleep(20);
  collect();
  const resources: Record<string, number> = { TCPSocketWrap: 0, TCPServerWrap: 0, Timeout: 0, Immediate: 0 };
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind in resources) resources[kind] = (resources[kind] ?? 0) + 1;
  }
  return { resources, heapMB: process.memoryUsage().heapUsed / 1e6 };
}

function isNoMore(after: LeftOver, before: LeftOver): boolean {
  return Object.entries(after.resources).every(([kind, count]) => count <= (before.resources[kind] ?? 0));
}
