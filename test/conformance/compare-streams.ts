import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient, type ProxyJson } from '../proxy/support/api-client.js';
import { pair, type Pair } from '../proxy/support/pairs.js';
import { Origin, sleep, type Peer } from '../proxy/support/peers.js';
import { describeWith } from '../support/needs.js';
import { life, type Life, type Step } from './random-streams.js';
import { startEmbedded, startToxiproxy, type Running } from './servers.js';

/** So many lives run at once: most of the time they rest. */
const AT_ONCE = 12;
const REST_MS = 60;

/** Connections with random toxics and random fates on both servers: what arrived at each end, and how each ended. */
export function compareRandomStreams(seed: number, batches: number): void {
  describeWith(['toxiproxy'], 'random toxics and connections', () => {
    let servers: Running[] = [];
    let apis: ApiClient[] = [];
    beforeAll(async () => {
      servers = await Promise.all([startEmbedded(), startToxiproxy()]);
      apis = servers.map(({ url }) => new ApiClient(url));
    });
    afterAll(async () => {
      for (const server of servers) await server.stop();
    });

    it(
      `come to the same end (seed ${seed}, ${batches * AT_ONCE} connections)`,
      { timeout: batches * 20_000 + 120_000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: AT_ONCE, size: 'max' }), async (lives) => {
            const results = await Promise.all(lives.map(async (one) => onBoth(one, REST_MS)));
            for (const [index, [embedded, real]] of results.entries()) {
              const one = lives[index];
              if (!one || embedded.join() === real.join()) continue;
              // A busy machine may not come to rest in time: only what differs with time to spare differs.
              const [embeddedAgain, realAgain] = await onBoth(one, REST_MS * 6);
              expect({ life: one, seen: embeddedAgain }).toEqual({ life: one, seen: realAgain });
            }
          }),
          { seed, numRuns: batches },
        );
      },
    );

    async function onBoth(one: Life, restMs: number): Promise<[string[], string[]]> {
      return (await Promise.all(apis.map(async (api) => live(api, one, restMs)))) as [string[], string[]];
    }
  });
}

/** @returns what both ends saw after each step */
async function live(api: ApiClient, { toxics, steps }: Life, restMs: number): Promise<string[]> {
  await using origin = await Origin.start();
  const proxy = await api.proxy(origin.address);
  const names: string[] = [];
  for (const toxic of toxics) await apply(toxic, api, proxy, names);
  const ends = await pair(proxy, origin);
  const seen: string[] = [];
  const note = (): void => void seen.push(`server ${state(ends.peer)}, client ${state(ends.client)}`);
  await sleep(restMs);
  note();
  for (const step of steps) {
    await act(step, ends, api, proxy, names);
    await sleep(restMs);
    note();
  }
  for (const { socket } of [ends.client, ends.peer]) socket.destroy();
  await api.delete(`/proxies/${proxy.name}`);
  return seen;
}

async function act(
  step: Step,
  { client, peer }: Pair,
  api: ApiClient,
  proxy: ProxyJson,
  names: string[],
): Promise<void> {
  if (step.do !== 'send' && step.do !== 'close') return apply(step, api, proxy, names);
  const { socket } = step.from === 'client' ? client : peer;
  // What is over for one end is not touched again: what the other sees of that is a race.
  if (socket.destroyed || socket.writableEnded || socket.readableEnded) return;
  if (step.do === 'send') socket.write(Buffer.alloc(step.bytes));
  else if (step.how === 'end') socket.end();
  else socket.resetAndDestroy();
}

async function apply(step: Step, api: ApiClient, proxy: ProxyJson, names: string[]): Promise<void> {
  const path = `/proxies/${proxy.name}`;
  if (step.do === 'add') {
    const { type, stream, attributes, toxicity } = step;
    const name = `t${names.length}`;
    names.push(name);
    await api.post(`${path}/toxics`, { name, type, stream, attributes, toxicity });
  } else if (step.do === 'update') {
    const { attributes, toxicity } = step;
    await api.post(`${path}/toxics/${names[step.which % (names.length || 1)] ?? 'none'}`, { attributes, toxicity });
  } else if (step.do === 'remove') {
    await api.delete(`${path}/toxics/${names[step.which % (names.length || 1)] ?? 'none'}`);
  } else if (step.do === 'disable') {
    await api.post(path, { enabled: false });
  }
}

function state(peer: Peer): string {
  const { length, socket } = peer;
  return `${length} bytes ${peer.endedAtMs === undefined ? 'open' : socket.errored ? 'reset' : 'ended'}`;
}
