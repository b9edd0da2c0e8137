import type { ProxyJson } from './api-client.js';
import { dial, type Origin, type Peer } from './peers.js';

export interface Pair {
  client: Peer;
  peer: Peer;
}

/** A client and the connection that the origin got for it. */
export async function pair(proxy: ProxyJson, origin: Origin): Promise<Pair> {
  const client = await dial(proxy.listen);
  return { client, peer: await origin.next() };
}

/** How long one byte takes from one end to the other, ms. */
export async function hop(from: Peer, to: Peer): Promise<number> {
  const before = to.length;
  const sentAtMs = performance.now();
  from.socket.write('x');
  await to.until(before + 1);
  return performance.now() - sentAtMs;
}

export async function hops(from: Peer, to: Peer, count: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i += 1) all.push(await hop(from, to));
  return all;
}
