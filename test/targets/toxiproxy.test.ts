import { expect, it } from 'vitest';
import { ensureProxies } from '../../src/targets/link-proxies.js';
import { enableProxy, removeByPrefix, removeToxic } from '../../src/targets/toxiproxy.js';
import { connectToxiproxy } from '../../src/targets/toxiproxy-client.js';
import type { UndoRecord } from '../../src/record/undo.js';
import type { LinkPlan } from '../../src/targets/targets.js';
import { undo } from '../../src/targets/undo.js';
import { describeWith } from '../support/needs.js';
import { freePort, startRealToxiproxy } from './toxiproxy-servers.js';
import { startService } from './services.js';

async function linkPlan(upstream: string, more: Partial<LinkPlan> = {}): Promise<LinkPlan> {
  const listen = `127.0.0.1:${await freePort()}`;
  return {
    name: 'a-b',
    from: 'a',
    to: 'b',
    listen,
    upstream,
    via: undefined,
    protocol: 'redis',
    canary: undefined,
    ...more,
  };
}

describeWith(['toxiproxy'], 'links on a real Toxiproxy', () => {
  it('makes a proxy that is missing, named after the run, and deletes only that', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const client = connectToxiproxy(server.api);
    const stranger = await client.createProxy({ name: 'stranger', listen: '127.0.0.1:0', upstream: service.address });
    const set = await ensureProxies([await linkPlan(service.address)], {
      api: `${server.api}/`,
      runId: 'r1',
      embedded: false,
    });
    expect(set.created).toEqual(['plimsoll-r1-a-b']);
    expect(await set.links[0]?.canary(1000)).toMatchObject({ outcome: 'answered' });
    await set.remove();
    expect(Object.keys(await client.getAll())).toEqual([stranger.name]);
  });

  it('writes the undo of a proxy down before it is made, and marks it when the proxy is gone', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const client = connectToxiproxy(server.api);
    const pending = new Map<string, UndoRecord>();
    const journal = {
      willUndo: (records: readonly UndoRecord[]) => records.forEach((record) => pending.set(record.id, record)),
      undone: (id: string) => void pending.delete(id),
    };
    const options = { api: server.api, runId: 'r1', embedded: false, journal };
    const plan = await linkPlan(service.address);
    const set = await ensureProxies([plan], options);
    const [record] = pending.values();
    if (!record) throw new Error('no record');
    await set.remove();
    expect([...pending.keys()]).toEqual([]);

    // As after the death of the run: the record alone takes the proxy away, once, and spares who took the name since.
    await ensureProxies([plan], options);
    expect(await undo(record)).toMatchObject({ alreadyDone: false });
    expect(await client.getAll()).toEqual({});
    expect(await undo(record)).toMatchObject({ alreadyDone: true });
    await client.createProxy({ name: 'plimsoll-r1-a-b', listen: '127.0.0.1:0', upstream: service.address });
    expect(await undo(record)).toMatchObject({ alreadyDone: true });
    expect(Object.keys(await client.getAll())).toEqual(['plimsoll-r1-a-b']);
  });

  it('owes nothing for a proxy that could not be made', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const owed = new Set<string>();
    const ensure = ensureProxies([await linkPlan(service.address, { listen: service.address })], {
      api: server.api,
      runId: 'r1',
      embedded: false,
      journal: {
        willUndo: (records) => records.forEach(({ id }) => owed.add(id)),
        undone: (id) => void owed.delete(id),
      },
    });
    await expect(ensure).rejects.toThrow(/address already in use/);
    expect([...owed]).toEqual([]);
  });

  it('uses an existing proxy with the same listen address and leaves it there', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const client = connectToxiproxy(server.api);
    const plan = await linkPlan(service.address);
    await client.createProxy({
      name: 'theirs',
      listen: plan.listen.replace('127.0.0.1', 'localhost'),
      upstream: service.address,
    });
    const set = await ensureProxies([plan], { api: server.api, runId: 'r1', embedded: false });
    expect(set.links[0]?.proxy).toBe('theirs');
    await set.remove();
    expect(Object.keys(await client.getAll())).toEqual(['theirs']);
  });

  it('refuses a proxy that leads elsewhere, and one that is disabled', async () => {
    await using server = await startRealToxiproxy();
    const client = connectToxiproxy(server.api);
    const plan = await linkPlan('127.0.0.1:1');
    await client.createProxy({ name: 'theirs', listen: plan.listen, upstream: '127.0.0.1:2' });
    const ensure = async (link: LinkPlan) => ensureProxies([link], { api: server.api, runId: 'r1', embedded: false });
    await expect(ensure(plan)).rejects.toMatchObject({ code: 'proxy_leads_elsewhere' });
    await (await client.get('theirs')).update({ enabled: false, listen: plan.listen, upstream: '127.0.0.1:2' });
    await expect(ensure({ ...plan, upstream: '127.0.0.1:2' })).rejects.toMatchObject({ code: 'proxy_disabled' });
  });

  it('keeps the text of the server and takes back what it made when a later link fails', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const busy = await linkPlan(service.address, { name: 'busy', listen: service.address });
    const ensure = ensureProxies([await linkPlan(service.address), busy], {
      api: server.api,
      runId: 'r1',
      embedded: false,
    });
    await expect(ensure).rejects.toThrow(/address already in use/);
    expect(await connectToxiproxy(server.api).getAll()).toEqual({});
  });

  it('removes a toxic once, finds it absent the second time, and spares another proxy that took the name', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const plan = await linkPlan(service.address);
    const { links } = await ensureProxies([plan], { api: server.api, runId: 'r1', embedded: false });
    const [link] = links;
    if (!link) throw new Error('no link');
    const toxic = {
      name: 'plimsoll-r1-f1',
      type: 'latency',
      stream: 'downstream',
      toxicity: 0.5,
      attributes: { latency: 5, jitter: 1 },
    } as const;
    await link.addToxic(toxic);
    expect(await link.toxics()).toEqual([toxic]);
    const at = { api: server.api, proxy: link.proxy, listen: plan.listen, toxic: toxic.name };
    expect(await removeToxic({ ...at, listen: '127.0.0.1:9' })).toBe('absent');
    expect(await link.toxics()).toHaveLength(1);
    expect(await removeToxic(at)).toBe('removed');
    expect(await removeToxic(at)).toBe('absent');
    await link.setEnabled(false);
    expect(await link.canary(500)).toMatchObject({ outcome: 'refused' });
    expect(await enableProxy(at)).toBe('enabled');
    expect(await enableProxy(at)).toBe('was_enabled');
    expect(await link.canary(500)).toMatchObject({ outcome: 'answered' });
  });

  it('sweeps what bears a run id, and not what bears a longer one', async () => {
    await using server = await startRealToxiproxy();
    await using service = await startService('redis');
    const { links } = await ensureProxies([await linkPlan(service.address)], {
      api: server.api,
      runId: 'r1',
      embedded: false,
    });
    for (const name of ['plimsoll-r1-f1', 'plimsoll-r12-f1', 'stranger']) {
      await links[0]?.addToxic({
        name,
        type: 'latency',
        stream: 'upstream',
        toxicity: 1,
        attributes: { latency: 1, jitter: 0 },
      });
    }
    expect(await removeByPrefix(server.api, 'plimsoll-r1-', { dryRun: true })).toHaveLength(2);
    await removeByPrefix(server.api, 'plimsoll-r1-f', { dryRun: false });
    expect((await links[0]?.toxics())?.map(({ name }) => name)).toEqual(['plimsoll-r12-f1', 'stranger']);
  });

  it('says when there is no server, or something else', async () => {
    const port = await freePort();
    const ensure = async (api: string) => ensureProxies([], { api, runId: 'r', embedded: false });
    await expect(ensure(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'toxiproxy_unreachable',
      systemCode: 'ECONNREFUSED',
    });
    await using other = await startService('http');
    await expect(ensure(`http://${other.address}`)).rejects.toMatchObject({ code: 'toxiproxy_no_json' });
  });
});
