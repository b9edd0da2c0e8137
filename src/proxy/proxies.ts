import { booleanField, fieldsOf, listOf, stringField } from './decode.js';
import { ApiError, missingField, proxyNotFound } from './errors.js';
import { Proxy, type ProxySurroundings } from './proxy.js';
import { toxicsFromJson, toxicToJson } from './toxic-json.js';
import type { ProxyTraffic } from './traffic.js';
import type { Toxic } from './toxics/toxic.js';

interface Order {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: Toxic[];
}

/** All proxies of the server. Changes to proxies happen one after another; reading and toxics never wait. */
export class Proxies {
  readonly #byName = new Map<string, Proxy>();
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(private readonly surroundings: ProxySurroundings) {}

  /** In byte order of the names. */
  all(): Proxy[] {
    return [...this.#byName.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  /** @throws ApiError 404 */
  get(name: string): Proxy {
    const proxy = this.#byName.get(name);
    if (!proxy) throw proxyNotFound();
    return proxy;
  }

  traffic(): Record<string, ProxyTraffic> {
    return Object.fromEntries(this.all().map((proxy) => [proxy.name, proxy.traffic()]));
  }

  /** @throws ApiError 400, 409, 500 */
  async create(body: unknown): Promise<Proxy> {
    const order = orderFromJson(body);
    if (order.name === '') throw missingField('name');
    if (order.upstream === '') throw missingField('upstream');
    return this.#inTurn(async () => {
      if (this.#byName.has(order.name)) throw new ApiError(409, 'proxy already exists');
      const proxy = this.#make(order);
      if (order.enabled) await proxy.start();
      this.#byName.set(order.name, proxy);
      return proxy;
    });
  }

  /** Missing fields keep their value; name and toxics are ignored. @throws ApiError 404, 400, 500 */
  async update(name: string, body: () => unknown): Promise<Proxy> {
    return this.#inTurn(async () => {
      const proxy = this.get(name);
      const fields = fieldsOf(body(), 'Proxy');
      const listen = stringField(fields, 'listen', 'Proxy') ?? proxy.listen;
      const upstream = stringField(fields, 'upstream', 'Proxy') ?? proxy.upstream;
      const enabled = booleanField(fields, 'enabled', 'Proxy') ?? proxy.enabled;
      stringField(fields, 'name', 'Proxy');
      if (await proxy.differs(listen, upstream)) {
        await proxy.stop();
        proxy.listen = listen;
        proxy.upstream = upstream;
      }
      if (enabled) await proxy.start();
      else await proxy.stop();
      return proxy;
    });
  }

  /** @throws ApiError 404 */
  async delete(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const proxy = this.get(name);
      this.#byName.delete(name);
      await proxy.stop();
    });
  }

  /**
   * Create what is new, replace what differs, leave the rest untouched. The first failure ends it; what was done stays.
   * @throws ApiError 400 when an item is wrong: nothing is created then
   */
  async populate(body: unknown): Promise<{ proxies: Proxy[]; failure: ApiError | undefined }> {
    const orders = listOf(body, 'proxies').map(orderFromJson);
    orders.forEach((order, index) => {
      if (order.name === '') throw missingField(`name at proxy ${index + 1}`);
      if (order.upstream === '') throw missingField(`upstream at proxy ${index + 1}`);
    });
    return this.#inTurn(async () => {
      const proxies: Proxy[] = [];
      for (const order of orders) {
        try {
          proxies.push(await this.#addOrReplace(order));
        } catch (error) {
          if (error instanceof ApiError) return { proxies, failure: error };
          throw error;
        }
      }
      return { proxies, failure: undefined };
    });
  }

  /** Start what is disabled and remove all toxics. @throws ApiError 500 with the first listen error */
  async reset(): Promise<void> {
    await this.#inTurn(async () => {
      for (const proxy of this.#byName.values()) {
        await proxy.start();
        proxy.removeAllToxics();
      }
    });
  }

  async stopAll(): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all([...this.#byName.values()].map(async (proxy) => proxy.stop()));
    });
  }

  async #addOrReplace(order: Order): Promise<Proxy> {
    const existing = this.#byName.get(order.name);
    if (existing) {
      if (!(await existing.differs(order.listen, order.upstream))) return existing;
      await existing.stop();
    }
    const proxy = this.#make(order);
    if (order.enabled) await proxy.start();
    this.#byName.set(order.name, proxy);
    return proxy;
  }

  #make(order: Order): Proxy {
    const proxy = new Proxy(order.name, order.listen, order.upstream, this.surroundings);
    for (const toxic of order.toxics) proxy.addToxic(toxic);
    return proxy;
  }

  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#lastChange.then(change);
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }
}

/** A proxy as the API shows it. Joined by hand, since a name may be any string and must keep its place. */
export function proxyToJson(proxy: Proxy): string {
  const { name, listen, upstream, enabled } = proxy;
  const plain = JSON.stringify({ name, listen, upstream, enabled, Logger: {} });
  return `${plain.slice(0, -1)},"toxics":[${proxy.toxics.map(toxicToJson).join(',')}]}`;
}

function orderFromJson(body: unknown): Order {
  const fields = fieldsOf(body, 'Proxy');
  return {
    name: stringField(fields, 'name', 'Proxy') ?? '',
    listen: stringField(fields, 'listen', 'Proxy') ?? '',
    upstream: stringField(fields, 'upstream', 'Proxy') ?? '',
    enabled: booleanField(fields, 'enabled', 'Proxy') ?? true,
    toxics: toxicsFromJson(fields),
  };
}
