import { Toxiproxy, type Proxy, type Latency, type Slicer, type ToxicType } from 'toxiproxy-node-client';
import { expect, it } from 'vitest';
import { freePort } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';

/** The questions of the client's own suite (4.1.0), asked with its typed calls: a drop-in must satisfy them. */
onBothServers('toxiproxy-node-client', (server) => {
  const client = (): Toxiproxy => new Toxiproxy(server.api.url);

  async function aProxy(name: string): Promise<Proxy> {
    return client().createProxy({ name, listen: 'localhost:0', upstream: 'localhost:6379' });
  }

  it('creates a proxy', async () => {
    const proxy = await aProxy('created');
    expect(proxy.toJson()).toMatchObject({ name: 'created', upstream: 'localhost:6379', enabled: true });
    expect(proxy.listen).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('gets a proxy', async () => {
    const proxy = await aProxy('got');
    expect((await client().get('got')).toJson()).toEqual(proxy.toJson());
  });

  it('gets the version', async () => {
    expect(JSON.parse(await client().getVersion())).toEqual({ version: expect.any(String) as unknown });
  });

  it('resets', async () => {
    const proxy = await aProxy('reset');
    await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    await expect(client().reset()).resolves.toBeUndefined();
    expect((await client().get('reset')).enabled).toBe(true);
  });

  it('populates, and what it populated can be removed', async () => {
    const proxies = await client().populate([{ name: 'populated', listen: 'localhost:0', upstream: 'localhost:6379' }]);
    expect(Object.keys(proxies)).toEqual(['populated']);
    for (const proxy of Object.values(proxies)) await proxy.remove();
    expect(await client().getAll()).toEqual({});
  });

  it('gets all proxies', async () => {
    const wanted = [
      { name: 'all-1', listen: `127.0.0.1:${await freePort()}`, upstream: 'localhost:6379' },
      { name: 'all-2', listen: `127.0.0.1:${await freePort()}`, upstream: 'localhost:12345' },
    ];
    await client().populate(wanted);
    const all = await client().getAll();
    expect(Object.keys(all)).toEqual(['all-1', 'all-2']);
    for (const body of wanted) expect(all[body.name]?.toJson()).toMatchObject(body);
  });

  it('updates a proxy', async () => {
    const proxy = await aProxy('updated');
    const disabled = await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    expect(disabled.enabled).toBe(false);
    const moved = await proxy.update({ enabled: true, listen: proxy.listen, upstream: 'somehost:12345' });
    expect(moved.toJson()).toMatchObject({ enabled: true, listen: proxy.listen, upstream: 'somehost:12345' });
  });

  it('removes a proxy', async () => {
    await expect((await aProxy('removed')).remove()).resolves.toBeUndefined();
    await expect(client().get('removed')).rejects.toThrow('Request failed with status code 404');
  });

  it('refuses the same proxy a second time', async () => {
    await aProxy('twice');
    await expect(aProxy('twice')).rejects.toThrow('Request failed with status code 409');
  });

  /** With the fields that the client's own helper leaves out, left out. */
  async function aToxic<T>(proxy: Proxy, type: string, attributes: T): ReturnType<typeof proxy.addToxic<T>> {
    return proxy.addToxic<T>({ type: type as ToxicType, attributes } as Parameters<typeof proxy.addToxic<T>>[0]);
  }

  it('creates, gets, updates and removes a toxic', async () => {
    const proxy = await aProxy('crud');
    const toxic = await aToxic<Latency>(proxy, 'latency', { latency: 1000, jitter: 100 });
    expect(toxic.toJson()).toEqual({
      name: 'latency_downstream',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
      attributes: { latency: 1000, jitter: 100 },
    });
    expect((await proxy.getToxic<Latency>(toxic.name)).toJson()).toEqual(toxic.toJson());
    const updated = await toxic.update({ attributes: { latency: 12_345, jitter: 42 } } as Parameters<
      typeof toxic.update
    >[0]);
    expect(updated.toJson()).toEqual({ ...toxic.toJson(), attributes: { latency: 12_345, jitter: 42 } });
    await toxic.remove();
    await expect(proxy.getToxic('latency_downstream')).rejects.toThrow('Request failed with status code 404');
  });

  it('refuses the same toxic a second time', async () => {
    const proxy = await aProxy('toxic-twice');
    await aToxic<Latency>(proxy, 'latency', { latency: 1000, jitter: 100 });
    await expect(aToxic<Latency>(proxy, 'latency', { latency: 1000, jitter: 100 })).rejects.toThrow(
      'Request failed with status code 409',
    );
  });

  it.each<[string, Latency | Slicer | Record<string, number>]>([
    ['latency', { latency: 1000, jitter: 100 }],
    ['bandwidth', { rate: 1000 }],
    ['slow_close', { delay: 1000 }],
    ['timeout', { timeout: 5000 }],
    ['slicer', { average_size: 1000, size_variation: 1000, delay: 1000 }],
    ['reset_peer', { timeout: 1000 }],
    ['limit_data', { bytes: 42 }],
  ])('adds a %s toxic', async (type, attributes) => {
    const proxy = await aProxy(`adds-${type}`);
    expect((await aToxic(proxy, type, attributes)).toJson()).toEqual({
      name: `${type}_downstream`,
      type,
      stream: 'downstream',
      toxicity: 1,
      attributes,
    });
  });
});
