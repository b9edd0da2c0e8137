import { z } from 'zod';
import type { ICreateToxicBody, Proxy, Toxiproxy } from 'toxiproxy-node-client';
import type { UndoRecord } from '../record/undo.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { measureCanary, type OwnBytes } from './canary.js';
import { commandOf } from './process.js';
import { pidsListeningOn } from './sockets.js';
import type { CanaryResult, LinkPlan, LinkTarget, LinkTraffic } from './targets.js';
import { checkName, connectToxiproxy } from './toxiproxy-client.js';
import {
  deleteProxy,
  deleteToxic,
  getProxy,
  isPlimsollProxy,
  listToxics,
  plainAddress,
  sameListen,
} from './toxiproxy.js';

const TrafficJson = z.object({
  upstreamBytes: z.number(),
  downstreamBytes: z.number(),
  connectionsOpen: z.number(),
  connectionsTotal: z.number(),
  toxics: z.record(
    z.string(),
    z.object({
      chunks: z.number(),
      meanDelayMs: z.number().nullable(),
      droppedBytes: z.number(),
      closedConnections: z.number(),
      hits: z.number().optional(),
      requests: z.number().optional(),
    }),
  ),
});

/** Where undo records go before the deed: a run's journal. */
export interface WriteAhead {
  willUndo(records: readonly UndoRecord[]): void;
  undone(recordId: string): void;
}

/** The proxies of a run's links on one server. */
export interface ProxySet {
  links: LinkTarget[];
  /** Names of the proxies that this run made. */
  created: string[];
  /** Deletes the proxies that this run made, and no other. */
  remove(): Promise<void>;
}

/**
 * Finds or makes a proxy for each link. On the embedded server a proxy bears its link's name. On a server of somebody
 * else an existing proxy with the same listen address is used as it is; a new one bears the run's id in its name.
 *
 * @param options.journal told the undo record of each proxy before it is made, and when it is gone again.
 * @throws PlimsollError `proxy_leads_elsewhere` (another upstream), `proxy_disabled`, or what the server said.
 */
export async function ensureProxies(
  links: readonly LinkPlan[],
  options: { api: string; runId: string; embedded: boolean; journal?: WriteAhead },
): Promise<ProxySet> {
  const client = connectToxiproxy(options.api);
  const created: string[] = [];
  const remove = async (): Promise<void> => {
    for (const name of created.splice(0).reverse()) {
      await deleteProxy(client, name);
      options.journal?.undone(removalId(name));
    }
  };
  try {
    const existing = Object.values(await client.getAll());
    const ours = options.embedded || (await isPlimsollProxy(options.api));
    const targets: LinkTarget[] = [];
    for (const plan of links) {
      const found = existing.find((proxy) => sameListen(proxy.listen, plan.listen));
      if (found) checkExisting(found, plan);
      const name =
        found?.name ?? checkName('proxy', options.embedded ? plan.name : `plimsoll-${options.runId}-${plan.name}`);
      if (!found) {
        options.journal?.willUndo([removalOf({ api: client.host, proxy: name, listen: plan.listen })]);
        created.push(name);
        await makeProxy(client, name, plan);
      }
      targets.push(new ToxiproxyLink(plan, client, name, ours));
    }
    return { links: targets, created: [...created], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function makeProxy(client: Toxiproxy, name: string, { name: link, listen, upstream }: LinkPlan): Promise<void> {
  try {
    await client.createProxy({ name, listen, upstream, enabled: true });
  } catch (error) {
    if (!/address already in use/.test(messageOf(error))) throw error;
    const pids = await pidsListeningOn(listen);
    const owners = pids.map((pid) => `pid ${pid}: ${commandOf(pid)}`).join('; ');
    throw new PlimsollError({
      code: 'port_in_use',
      message: `${listen}, where link ${link} is to listen, is in use by ${owners || 'somebody else'} (${client.host} says: address already in use)`,
      hint: `Give link ${link} another \`listen\`, the address that its caller dials, or end what listens there.`,
      cause: error,
    });
  }
}

/** The record that takes a proxy of a run away. */
function removalOf(at: { api: string; proxy: string; listen: string }): UndoRecord {
  return {
    kind: 'remove-proxy',
    id: removalId(at.proxy),
    fault: 'run',
    words: `remove proxy ${at.proxy}, which this run made, from ${at.api}`,
    byHand: `curl -sS -X DELETE ${at.api}/proxies/${at.proxy}`,
    timeLimitMs: 5000,
    ...at,
  };
}

function removalId(proxy: string): string {
  return `run/${proxy}`;
}

class ToxiproxyLink implements LinkTarget {
  readonly api: string;
  /** What our own canaries sent and got: it is no evidence of the system's traffic. */
  readonly #own: OwnBytes = { sent: 0, received: 0, connections: 0 };

  constructor(
    readonly plan: LinkPlan,
    private readonly client: Toxiproxy,
    readonly proxy: string,
    readonly isPlimsollProxy: boolean,
  ) {
    this.api = client.host;
  }

  async addToxic(toxic: Parameters<LinkTarget['addToxic']>[0]): Promise<void> {
    const proxy = await this.#get();
    checkName('toxic', toxic.name);
    // The library's types lack names of newer toxics; the server checks the type.
    await proxy.addToxic(toxic as unknown as ICreateToxicBody<Record<string, number>>);
  }

  async removeToxic(name: string): Promise<'removed' | 'absent'> {
    return deleteToxic(await this.#get(), name);
  }

  async toxics(): ReturnType<LinkTarget['toxics']> {
    return listToxics(await this.#get());
  }

  async setEnabled(enabled: boolean): Promise<void> {
    const proxy = await this.#get();
    await proxy.update({ enabled, listen: proxy.listen, upstream: proxy.upstream });
  }

  async enabled(): Promise<boolean> {
    return (await this.#get()).enabled;
  }

  async canary(timeLimitMs: number): Promise<CanaryResult> {
    const { via, listen, protocol, canary } = this.plan;
    return measureCanary(via ?? listen, protocol, canary, timeLimitMs, this.#own);
  }

  async traffic(): Promise<LinkTraffic | undefined> {
    if (!this.isPlimsollProxy) return undefined;
    const { data } = await this.client.api.get<unknown>(`${this.api}/plimsoll/traffic`);
    const all = z.record(z.string(), TrafficJson).parse(data);
    const traffic = all[this.proxy];
    if (!traffic) return undefined;
    return {
      ...traffic,
      upstreamBytes: Math.max(0, traffic.upstreamBytes - this.#own.sent),
      downstreamBytes: Math.max(0, traffic.downstreamBytes - this.#own.received),
      connectionsTotal: Math.max(0, traffic.connectionsTotal - this.#own.connections),
    };
  }

  async #get(): Promise<Proxy> {
    const proxy = await getProxy(this.client, this.proxy);
    if (proxy && sameListen(proxy.listen, this.plan.listen)) return proxy;
    throw new PlimsollError({
      code: 'target_vanished',
      message: proxy
        ? `the proxy ${this.proxy} of link ${this.plan.name} now listens on ${proxy.listen} instead of ${this.plan.listen}`
        : `the proxy ${this.proxy} of link ${this.plan.name} is no longer on ${this.api}`,
      hint: 'Somebody else changed the Toxiproxy server during the run.',
    });
  }
}

function checkExisting(proxy: Proxy, plan: LinkPlan): void {
  if (plainAddress(proxy.upstream) !== plainAddress(plan.upstream)) {
    throw new PlimsollError({
      code: 'proxy_leads_elsewhere',
      message: `the proxy ${proxy.name} listens on ${plan.listen} but leads to ${proxy.upstream}, while link ${plan.name} says ${plan.upstream}`,
      hint: 'Correct `upstream` of the link, or the proxy on the server.',
      kind: 'usage',
    });
  }
  if (!proxy.enabled) {
    throw new PlimsollError({
      code: 'proxy_disabled',
      message: `the proxy ${proxy.name} of link ${plan.name} is disabled`,
      hint: 'Enable it before the run: Plimsoll does not change what it did not break.',
    });
  }
}
