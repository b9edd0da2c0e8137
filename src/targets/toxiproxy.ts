import { z } from 'zod';
import type { Proxy, Toxiproxy } from 'toxiproxy-node-client';
import { parseAddress } from '../support/units.js';
import { ToxiproxyFailure, checkName, connectToxiproxy } from './toxiproxy-client.js';

const ToxicJson = z.object({
  name: z.string(),
  type: z.string(),
  stream: z.string(),
  toxicity: z.number(),
  attributes: z.record(z.string(), z.union([z.number(), z.string(), z.record(z.string(), z.string())])),
});
const ToxicList = z.array(ToxicJson);

/** What `undo` needs of a server: the same calls, without a link's plan. Each tells whether there was something to do. */
export async function removeToxic(
  at: { api: string; proxy: string; listen: string; toxic: string },
  signal?: AbortSignal,
): Promise<'removed' | 'absent'> {
  const client = connectToxiproxy(at.api, signal);
  const proxy = await getProxy(client, at.proxy);
  // Another proxy may have taken the name since: its toxics are not ours.
  if (!proxy || !sameListen(proxy.listen, at.listen)) return 'absent';
  return deleteToxic(proxy, at.toxic);
}

export async function hasToxic(
  at: { api: string; proxy: string; listen: string; toxic: string },
  signal?: AbortSignal,
): Promise<boolean> {
  const proxy = await getProxy(connectToxiproxy(at.api, signal), at.proxy);
  if (!proxy || !sameListen(proxy.listen, at.listen)) return false;
  return (await listToxics(proxy)).some(({ name }) => name === at.toxic);
}

export async function enableProxy(
  at: { api: string; proxy: string; listen: string },
  signal?: AbortSignal,
): Promise<'enabled' | 'absent' | 'was_enabled'> {
  const client = connectToxiproxy(at.api, signal);
  const proxy = await getProxy(client, at.proxy);
  if (!proxy || !sameListen(proxy.listen, at.listen)) return 'absent';
  if (proxy.enabled) return 'was_enabled';
  await proxy.update({ enabled: true, listen: proxy.listen, upstream: proxy.upstream });
  return 'enabled';
}

/** Takes a proxy away that a run made, with whatever is on it. */
export async function removeProxy(
  at: { api: string; proxy: string; listen: string },
  signal?: AbortSignal,
): Promise<'removed' | 'absent'> {
  const client = connectToxiproxy(at.api, signal);
  const proxy = await getProxy(client, at.proxy);
  if (!proxy || !sameListen(proxy.listen, at.listen)) return 'absent';
  return deleteProxy(client, at.proxy);
}

/** Removes all toxics (and with `proxies` the proxies) whose name starts with `prefix`, on all proxies of a server. */
export async function removeByPrefix(
  api: string,
  prefix: string,
  options: { dryRun: boolean },
): Promise<{ kind: 'toxic' | 'proxy'; name: string; proxy: string }[]> {
  const client = connectToxiproxy(api);
  const found: { kind: 'toxic' | 'proxy'; name: string; proxy: string }[] = [];
  for (const proxy of Object.values(await client.getAll())) {
    for (const toxic of await listToxics(proxy)) {
      if (!toxic.name.startsWith(prefix)) continue;
      if (!options.dryRun) await deleteToxic(proxy, toxic.name);
      found.push({ kind: 'toxic', name: toxic.name, proxy: proxy.name });
    }
    if (!proxy.name.startsWith(prefix)) continue;
    if (!options.dryRun) await deleteProxy(client, proxy.name);
    found.push({ kind: 'proxy', name: proxy.name, proxy: proxy.name });
  }
  return found;
}

/** Does a Toxiproxy-compatible server answer there? Its version text. */
export async function toxiproxyVersion(api: string): Promise<string> {
  const text = await connectToxiproxy(api).getVersion();
  return z.object({ version: z.string() }).safeParse(safeJson(text)).data?.version ?? text.trim();
}

/** Is it Plimsoll's own proxy, whoever started it? A real Toxiproxy does not know the route. */
export async function isPlimsollProxy(api: string): Promise<boolean> {
  const client = connectToxiproxy(api);
  try {
    await client.api.get<unknown>(`${client.host}/plimsoll/traffic`);
    return true;
  } catch (error) {
    if (error instanceof ToxiproxyFailure && error.status === 404) return false;
    throw error;
  }
}

/** Undefined where the server has none of that name. */
export async function getProxy(client: Toxiproxy, name: string): Promise<Proxy | undefined> {
  try {
    return await client.get(checkName('proxy', name));
  } catch (error) {
    if (error instanceof ToxiproxyFailure && error.status === 404) return undefined;
    throw error;
  }
}

export async function deleteToxic(proxy: Proxy, name: string): Promise<'removed' | 'absent'> {
  try {
    await proxy.api.delete(`${proxy.getPath()}/toxics/${checkName('toxic', name)}`);
    return 'removed';
  } catch (error) {
    if (error instanceof ToxiproxyFailure && error.status === 404) return 'absent';
    throw error;
  }
}

export async function deleteProxy(client: Toxiproxy, name: string): Promise<'removed' | 'absent'> {
  try {
    await client.api.delete(`${client.host}/proxies/${checkName('proxy', name)}`);
    return 'removed';
  } catch (error) {
    if (error instanceof ToxiproxyFailure && error.status === 404) return 'absent';
    throw error;
  }
}

export async function listToxics(proxy: Proxy): Promise<z.infer<typeof ToxicList>> {
  const { data } = await proxy.api.get<unknown>(`${proxy.getPath()}/toxics`);
  return ToxicList.parse(data);
}

/** Toxiproxy shows `localhost` resolved and any wildcard as `[::]`. */
export function sameListen(shown: string, wanted: string): boolean {
  return plainAddress(shown) === plainAddress(wanted);
}

/** One way to write an address, so that two can be compared as text. */
export function plainAddress(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed.ok) return address.startsWith(':') ? `*${address}` : address;
  const { host, port } = parsed.value;
  if (host === '::' || host === '0.0.0.0') return `*:${port}`;
  return `${host === 'localhost' ? '127.0.0.1' : host}:${port}`;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
