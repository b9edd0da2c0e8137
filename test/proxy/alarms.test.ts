import { describe, expect, it } from 'vitest';
import { Alarm } from '../../src/proxy/alarm.js';
import { randomStream } from '../../src/proxy/random.js';
import { startProxyServer } from '../../src/proxy/index.js';
import latencyToxic from '../../src/proxy/toxics/latency.js';
import type { Flow } from '../../src/proxy/toxics/toxic.js';
import { ApiClient } from './support/api-client.js';
import { pair } from './support/pairs.js';
import { median, Origin, sleep } from './support/peers.js';

describe('alarms', () => {
  it('fire in the order of their times, whatever is cancelled or set anew meanwhile, and never early', async () => {
    const random = randomStream(5, 'alarms');
    const fired: number[] = [];
    const early: number[] = [];
    const alarms = Array.from({ length: 500 }, () => new Alarm());
    const expected = new Map<Alarm, number>();
    const set = (alarm: Alarm): void => {
      const dueMs = performance.now() + random() * 60;
      expected.set(alarm, dueMs);
      alarm.set(dueMs, () => {
        expected.delete(alarm);
        fired.push(dueMs);
        if (performance.now() < dueMs) early.push(dueMs);
      });
    };
    for (const alarm of alarms) set(alarm);
    let cancelled = 0;
    for (let step = 0; step < 400; step += 1) {
      const alarm = alarms[Math.floor(random() * alarms.length)] as Alarm;
      if (random() < 0.5) {
        if (expected.delete(alarm)) cancelled += 1;
        alarm.cancel();
      } else if (expected.has(alarm)) {
        set(alarm);
      }
      if (step % 100 === 99) await sleep(5);
    }
    await sleep(100);
    expect(early).toEqual([]);
    expect(expected.size).toBe(0);
    expect(fired.length).toBe(500 - cancelled);
    // What was set to a time between two turns may come behind what was due later, but never within one turn.
    const disorder = fired.filter((dueMs, i) => dueMs < (fired[i - 1] ?? 0)).length;
    expect(disorder).toBeLessThan(20);
  });

  it('come within a fraction of a millisecond at most times: Node.js timers alone do not', async () => {
    const late: number[] = [];
    const coarse: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const dueMs = performance.now() + 3.4;
      await new Promise<void>((resolve) => new Alarm().set(dueMs, resolve));
      late.push(performance.now() - dueMs);
      const start = performance.now();
      await sleep(Math.ceil(3.4));
      coarse.push(Math.abs(performance.now() - start - 3.4));
    }
    expect(median(late)).toBeLessThan(median(coarse));
  });
});

describe('toxics that measure time', () => {
  it('spread jitter evenly (Kolmogorov-Smirnov)', () => {
    const [latency, jitter, count] = [400, 200, 4000];
    const shares: number[] = [];
    let readAtMs = 0;
    // What the toxic asks for: what comes out, clocks and sockets included, is measured by bench/proxy.js.
    const flow: Flow = {
      random: randomStream(11, 'jitter'),
      memory: { bytes: 0, lastWasDropped: false },
      send: () => undefined,
      drop: () => undefined,
      deadline: () => undefined,
      close: () => undefined,
      wait: (ms) => shares.push((performance.now() + ms - readAtMs - (latency - jitter)) / (2 * jitter)),
    };
    const behaviour = latencyToxic.behaviour({ latency, jitter }, flow);
    for (let i = 0; i < count; i += 1) {
      readAtMs = performance.now();
      behaviour.take(Buffer.alloc(1), readAtMs);
    }
    shares.sort((a, b) => a - b);
    const distance = Math.max(...shares.map((share, i) => Math.abs(share - (i + 0.5) / count)));
    // Whole milliseconds: a step of 1/400 is no departure.
    expect(distance).toBeLessThan(1.63 / Math.sqrt(count) + 1 / (2 * jitter));
    expect(distance).toBeGreaterThan(0);
  });

  it('bandwidth never gives more than its rate', async () => {
    const server = await startProxyServer({ port: 0 });
    const api = new ApiClient(server.url);
    await using origin = await Origin.start();
    const proxy = await api.proxy(origin.address);
    await api.toxic(proxy, 'bandwidth', 'upstream', { rate: 20_000 });
    const { client, peer } = await pair(proxy, origin);
    const bytes = 20_000_000;
    const start = performance.now();
    client.socket.write(Buffer.alloc(bytes));
    await peer.until(bytes, 10_000);
    expect(bytes / (performance.now() - start)).toBeLessThanOrEqual(20_000 * 1.005);
    client.socket.destroy();
    await server.close();
  });
});
