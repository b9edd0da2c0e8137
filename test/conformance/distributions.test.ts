import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/proxy/random.js';
import { ApiClient, type ProxyJson } from '../proxy/support/api-client.js';
import { dial, median, Origin, type Peer } from '../proxy/support/peers.js';
import { describeWith } from '../support/needs.js';
import { againstDistribution, againstEachOther } from './kolmogorov-smirnov.js';
import { startEmbedded, startToxiproxy, type Running } from './servers.js';

/** What delays and chance look like, on both servers in the same run: a busy machine is busy for both. */
describeWith(['toxiproxy'], 'distributions of the data path', () => {
  let servers: Running[] = [];
  let apis: ApiClient[] = [];
  let origin: Origin;
  beforeAll(async () => {
    servers = await Promise.all([startEmbedded(), startToxiproxy()]);
    apis = servers.map(({ url }) => new ApiClient(url));
    origin = await Origin.echo();
  });
  afterAll(async () => {
    await origin[Symbol.asyncDispose]();
    for (const server of servers) await server.stop();
  });

  type Toxic = [type: string, stream: 'upstream' | 'downstream', attributes: Record<string, number>, toxicity?: number];

  async function proxyOn(api: ApiClient, toxics: readonly Toxic[]): Promise<ProxyJson> {
    const proxy = await api.proxy(origin.address);
    for (const [type, stream, attributes, toxicity] of toxics) {
      await api.toxic(proxy, type, stream, attributes, toxicity);
    }
    return proxy;
  }

  /** What `measure` finds on each server with these toxics. */
  async function onEach<T>(toxics: readonly Toxic[], measure: (proxy: ProxyJson) => Promise<T>): Promise<[T, T]> {
    const results: T[] = [];
    for (const api of apis) results.push(await measure(await proxyOn(api, toxics)));
    return results as [T, T];
  }

  /** Round trips of single bytes on connections of their own; the servers take turns. */
  async function roundTrips(toxics: readonly Toxic[], rounds: number): Promise<[number[], number[]]> {
    const groups = await onEach(toxics, async (proxy) => ({
      clients: await Promise.all(Array.from({ length: 20 }, async () => dial(proxy.listen))),
      times: [] as number[],
    }));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { clients, times } of groups) {
        await Promise.all(
          clients.map(async (client) => {
            const start = performance.now();
            client.socket.write('x');
            await client.until(round);
            times.push(performance.now() - start);
          }),
        );
      }
    }
    for (const { clients } of groups) for (const { socket } of clients) socket.destroy();
    return [groups[0].times, groups[1].times];
  }

  it('a hop without toxics costs no more than a multiple of the original', async () => {
    const [embedded, real] = await roundTrips([], 15);
    expect(median(embedded)).toBeLessThan(3 * median(real) + 2);
  });

  it('jitter is uniform over its range, and of the same shape', async () => {
    const [embedded, real] = await roundTrips([['latency', 'upstream', { latency: 70, jitter: 60 }]], 16);
    for (const times of [embedded, real]) {
      expect(Math.min(...times)).toBeGreaterThanOrEqual(10);
      // What the round trip takes without the toxic shifts them all.
      const shift = median(times) - 69.5;
      expect(Math.abs(shift)).toBeLessThan(25);
      const { distance, limit } = againstDistribution(times, (x) => Math.min(1, Math.max(0, (x - shift - 9.5) / 120)));
      expect(distance).toBeLessThan(limit);
    }
    const { distance, limit } = againstEachOther(centred(embedded), centred(real));
    expect(distance).toBeLessThan(limit);
  });

  it.each<[string, number, Toxic[]]>([
    ['upstream', 40, [['latency', 'upstream', { latency: 40 }]]],
    ['downstream', 40, [['latency', 'downstream', { latency: 40 }]]],
    [
      'in both directions',
      80,
      [
        ['latency', 'upstream', { latency: 40 }],
        ['latency', 'downstream', { latency: 40 }],
      ],
    ],
  ])('latency %s is never less than asked for, and close to the original', async (_where, least, toxics) => {
    const [embedded, real] = await roundTrips(toxics, 6);
    for (const times of [embedded, real]) expect(Math.min(...times)).toBeGreaterThanOrEqual(least - 0.1);
    expect(median(embedded) - least).toBeLessThan(2 * (median(real) - least) + 10);
    expect(median(real) - least).toBeLessThan(2 * (median(embedded) - least) + 10);
  });

  it('jitter in both directions adds up to the same shape', async () => {
    const [embedded, real] = await roundTrips(
      [
        ['latency', 'upstream', { latency: 40, jitter: 30 }],
        ['latency', 'downstream', { latency: 40, jitter: 30 }],
      ],
      12,
    );
    const { distance, limit } = againstEachOther(centred(embedded), centred(real));
    expect(distance).toBeLessThan(limit);
  });

  it('slicer cuts into as many pieces, of the same sizes', async () => {
    const total = 5000;
    const [embedded, real] = await onEach(
      [['slicer', 'downstream', { average_size: 100, size_variation: 30, delay: 3000 }]],
      async (proxy) => {
        const clients = await Promise.all(Array.from({ length: 8 }, async () => dial(proxy.listen)));
        for (const { socket } of clients) socket.write(Buffer.alloc(total));
        for (const client of clients) await client.until(total);
        const sizes = clients.flatMap(({ arrivals }) => arrivals.map(({ data }) => data.length));
        for (const { socket } of clients) socket.destroy();
        return sizes;
      },
    );
    // Few pieces come together: they are 3 ms apart.
    expect(median(embedded)).toBeGreaterThan(60);
    expect(median(embedded)).toBeLessThan(130);
    expect(embedded.length / real.length).toBeGreaterThan(0.85);
    expect(embedded.length / real.length).toBeLessThan(1.18);
    // What a busy machine read in one go is no piece.
    const pieces = (sizes: number[]): number[] => sizes.filter((size) => size <= 130);
    const { distance, limit } = againstEachOther(pieces(embedded), pieces(real));
    expect(distance).toBeLessThan(limit);
  });

  it('toxicity hits its share of connections', async () => {
    const connections = 300;
    const toxicity = 0.3;
    const shares = await onEach([['limit_data', 'upstream', { bytes: 0 }, toxicity]], async (proxy) => {
      let hit = 0;
      for (let i = 0; i < connections; i += 1) {
        const client = await dial(proxy.listen);
        client.socket.write('x');
        if ((await Promise.race([client.ended, echoed(client)])) === 'fin') hit += 1;
        client.socket.destroy();
      }
      return hit / connections;
    });
    const deviation = Math.sqrt((toxicity * (1 - toxicity)) / connections);
    for (const share of shares) expect(Math.abs(share - toxicity)).toBeLessThan(4 * deviation);
    expect(Math.abs(shares[0] - shares[1])).toBeLessThan(4 * Math.SQRT2 * deviation);
  });
});

function centred(times: readonly number[]): number[] {
  const middle = median(times);
  return times.map((ms) => ms - middle);
}

async function echoed(client: Peer): Promise<'echo'> {
  await new Promise((resolve) => {
    client.socket.once('data', resolve);
  });
  return 'echo';
}

describe('the Kolmogorov-Smirnov test (the cases above depend on it)', () => {
  const random = randomStream(5, 'samples');
  const uniform = (): number[] => Array.from({ length: 360 }, random);
  const triangular = (): number[] => Array.from({ length: 360 }, () => (random() + random()) / 2);
  const cdf = (x: number): number => Math.min(1, Math.max(0, x));

  it('lets a uniform sample pass, and no other', () => {
    const sound = againstDistribution(uniform(), cdf);
    expect(sound.distance).toBeLessThan(sound.limit);
    for (const sample of [triangular(), uniform().map((x) => x * 0.85), uniform().map((x) => x ** 1.5)]) {
      const wrong = againstDistribution(sample, cdf);
      expect(wrong.distance).toBeGreaterThan(wrong.limit);
    }
  });

  it('tells two samples apart that differ, and no others', () => {
    const sound = againstEachOther(uniform(), uniform());
    expect(sound.distance).toBeLessThan(sound.limit);
    for (const sample of [triangular().map((x) => x ** 2), uniform().map((x) => x + 0.2)]) {
      const wrong = againstEachOther(uniform(), sample);
      expect(wrong.distance).toBeGreaterThan(wrong.limit);
    }
  });
});
