import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { randomStream, type Random } from '../../src/proxy/random.js';
import { describeWith, programOf } from '../support/needs.js';
import type { ApiClient, ProxyJson } from './support/api-client.js';
import { churn } from './support/churn.js';
import { sleep } from './support/peers.js';
import { ProxyProcess } from './support/proxy-process.js';
import { RedisClient, RedisServer } from './support/redis.js';

/** PLIMSOLL_REDIS_S: how long each part takes, in seconds. */
const PART_S = Number(process.env['PLIMSOLL_REDIS_S'] ?? 60);
const CLIENTS = 20;
const KEYS = 10;
const HARSH = [
  { type: 'reset_peer', attributes: { timeout: 5 } },
  { type: 'limit_data', attributes: { bytes: 50_000 } },
  { type: 'slow_close', attributes: { delay: 10 } },
  { type: 'latency', attributes: { latency: 10, jitter: 5 } },
];

/** What one client knows of its own keys. */
interface Story {
  id: number;
  /** By key: what was confirmed last, and what was sent afterwards without an answer. */
  values: Map<string, { confirmed: Buffer | undefined; perhaps: Buffer[] }>;
  increments: { confirmed: number; sent: number };
  commands: number;
  wrong: string[];
  lost: number;
}

describeWith(['redis'], 'a Redis that lives long behind the proxy', () => {
  it(
    'has on the same connections exactly the data that was sent, while toxics come and go; and none that was not, while some end connections',
    { timeout: (2 * PART_S + 120) * 1000 },
    async () => {
      await using redis = await RedisServer.start(programOf('redis') ?? '');
      await using server = await ProxyProcess.start(5);
      const { api } = server;
      const proxy = await api.proxy(`127.0.0.1:${redis.port}`);
      const port = Number(proxy.listen.split(':')[1]);
      const stories = Array.from({ length: CLIENTS }, (_, id): Story => ({
        id,
        values: new Map(),
        increments: { confirmed: 0, sent: 0 },
        commands: 0,
        wrong: [],
        lost: 0,
      }));

      const gentle = await during(stories, port, async (deadline) => {
        const random = randomStream(6, 'gentle');
        while (performance.now() < deadline) await churn(api, proxy, random, { steps: 50, pauseMs: 40 });
      });
      const traffic = (await api.get('/plimsoll/traffic')).json() as Record<string, { connectionsTotal: number }>;
      expect(stories.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(stories.reduce((sum, { lost }) => sum + lost, 0)).toBe(0);
      expect(traffic[proxy.name]?.connectionsTotal).toBe(CLIENTS);
      expect(gentle).toBeGreaterThan(PART_S * 20);
      for (const { increments } of stories) expect(increments.confirmed).toBe(increments.sent);
      await expectData(redis.port, stories);

      const harsh = await during(stories, port, async (deadline) => comeAndGo(api, proxy, deadline));
      const lost = stories.reduce((sum, story) => sum + story.lost, 0);
      console.log(`${gentle} commands, then ${harsh} with ${lost} connections lost`);
      expect(stories.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(lost).toBeGreaterThan(0);
      await expectData(redis.port, stories);
    },
  );
});

/** All clients work while `harm` lasts. @returns how many commands were answered */
async function during(stories: Story[], port: number, harm: (deadline: number) => Promise<void>): Promise<number> {
  const before = stories.reduce((sum, { commands }) => sum + commands, 0);
  const running = { over: false };
  const working = stories.map(async (story) => work(running, port, story));
  await Promise.race([harm(performance.now() + PART_S * 1000), Promise.all(working)]);
  running.over = true;
  await Promise.all(working);
  return stories.reduce((sum, { commands }) => sum + commands, 0) - before;
}

async function work(running: { over: boolean }, port: number, story: Story): Promise<void> {
  const random = randomStream(story.id, `client ${story.commands}`);
  let client: RedisClient | undefined;
  while (!running.over) {
    try {
      client ??= await RedisClient.dial(port);
      // Two at once: their answers come in order, or one was lost.
      await Promise.all([setAndGet(client, story, random), increment(client, story)]);
      story.commands += 3;
    } catch (error) {
      // The server's own complaint means that the stream was damaged.
      if (String(error).includes('Redis sent')) story.wrong.push(String(error));
      story.lost += 1;
      client?.close();
      client = undefined;
    }
    await sleep(random() * 20);
  }
  client?.close();
}

async function setAndGet(client: RedisClient, story: Story, random: Random): Promise<void> {
  const key = `${story.id}/${Math.floor(random() * KEYS)}`;
  const known = story.values.get(key) ?? { confirmed: undefined, perhaps: [] };
  story.values.set(key, known);
  const value = randomBytes(1 + Math.floor(random() ** 3 * 100_000));
  known.perhaps.push(value);
  await client.ask('SET', key, value);
  known.confirmed = value;
  known.perhaps = [];
  const got = await client.ask('GET', key);
  if (!got?.equals(value)) story.wrong.push(`${key}: ${got?.length} bytes instead of ${value.length}, or others`);
}

async function increment(client: RedisClient, story: Story): Promise<void> {
  story.increments.sent += 1;
  await client.ask('INCR', `${story.id}/count`);
  story.increments.confirmed += 1;
}

/** Past the proxy: what Redis holds is what was confirmed, or what was sent after it and got no answer. */
async function expectData(port: number, stories: Story[]): Promise<void> {
  const client = await RedisClient.dial(port);
  for (const { id, values, increments } of stories) {
    const count = Number(await client.ask('GET', `${id}/count`));
    expect(count).toBeGreaterThanOrEqual(increments.confirmed);
    expect(count).toBeLessThanOrEqual(increments.sent);
    for (const [key, { confirmed, perhaps }] of values) {
      const held = (await client.ask('GET', key)) ?? Buffer.alloc(0);
      const possible = [confirmed ?? Buffer.alloc(0), ...perhaps];
      expect(
        possible.some((value) => value.equals(held)),
        `${key} holds ${held.length} bytes`,
      ).toBe(true);
    }
  }
  client.close();
}

async function comeAndGo(api: ApiClient, proxy: ProxyJson, deadline: number): Promise<void> {
  const random = randomStream(7, 'harsh');
  const path = `/proxies/${proxy.name}/toxics`;
  for (let step = 0; performance.now() < deadline; step += 1) {
    const toxic = HARSH[Math.floor(random() * HARSH.length)];
    const stream = random() < 0.5 ? 'upstream' : 'downstream';
    await api.post(path, { ...toxic, name: `t${step}`, stream, toxicity: random() });
    await sleep(50 + random() * 100);
    await api.delete(`${path}/t${step}`);
    // Who waits for bytes that were swallowed would wait for ever.
    if (step % 5 === 4) {
      await api.post(`/proxies/${proxy.name}`, { enabled: false });
      await api.post(`/proxies/${proxy.name}`, { enabled: true });
    }
  }
  await api.post(`/proxies/${proxy.name}`, { enabled: false });
  await api.post(`/proxies/${proxy.name}`, { enabled: true });
}
