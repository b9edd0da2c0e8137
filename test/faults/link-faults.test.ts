import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { startService } from '../targets/services.js';
import { SERVERS } from '../targets/toxiproxy-servers.js';
import { inject, oneLink, prepare, undo } from './stage.js';
import { startTraffic } from './traffic.js';

const LINK = 'order-payment';
const { signal } = new AbortController();

/** Settings, the toxic that must be on the proxy, and where the effect can be measured: by canary or on real traffic. */
const CASES = [
  { type: 'timeout', settings: { timeout: '0ms' }, toxics: ['timeout downstream {"timeout":0}'], by: 'canary' },
  {
    type: 'timeout',
    settings: { timeout: '100ms', direction: 'upstream' },
    toxics: ['timeout upstream {"timeout":100}'],
    by: 'canary',
  },
  { type: 'reset-peer', settings: {}, toxics: ['reset_peer downstream {"timeout":0}'], by: 'canary' },
  { type: 'limit-data', settings: { bytes: '3B' }, toxics: ['limit_data downstream {"bytes":3}'], by: 'canary' },
  { type: 'slow-close', settings: { delay: '150ms' }, toxics: ['slow_close downstream {"delay":150}'], by: 'canary' },
  {
    type: 'partition',
    settings: {},
    toxics: ['timeout upstream {"timeout":0}', 'timeout downstream {"timeout":0}'],
    by: 'canary',
  },
  { type: 'limit-data', settings: { bytes: '70B' }, toxics: ['limit_data downstream {"bytes":70}'], by: 'traffic' },
  { type: 'bandwidth', settings: { rate: '2KB/s' }, toxics: ['bandwidth downstream {"rate":2}'], by: 'traffic' },
  {
    type: 'slicer',
    settings: { averageSize: '2B', delay: '1ms' },
    toxics: ['slicer downstream {"average_size":2,"delay":1000,"size_variation":0}'],
    by: 'traffic',
  },
] as const;

for (const { name, needs, start, embedded } of SERVERS) {
  describeWith(needs, `link faults on ${name}`, () => {
    for (const { type, settings, toxics, by } of CASES) {
      it(`${type} ${JSON.stringify(settings)}: takes effect, is proven, and is gone`, async () => {
        await using server = await start();
        await using service = await startService('redis');
        const { targets, link, listen } = await oneLink(service.address, server);
        using traffic = startTraffic(listen);
        await expect.poll(() => traffic.answers).toBeGreaterThan(0);
        const where = type === 'partition' ? { links: [LINK] } : { link: LINK };
        const fault = await prepare(type, { ...where, ...settings }, targets);
        const proof = await inject(fault);
        // What only the traffic shows, a foreign server does not tell: then the proof is open, never green.
        expect(proof, proof.finding).toMatchObject({ status: by === 'traffic' && !embedded ? 'unknown' : 'confirmed' });
        expect((await link.toxics()).map(shown)).toEqual(toxics);
        // A foreign server shows traffic only as a connection that is open when it is looked for; limit-data closes each
        // of them at once.
        const seen = embedded || type !== 'limit-data' ? /^crossed$/ : /^(crossed|unverified)$/;
        await expect.poll(async () => fault.proveTraffic?.(), { timeout: 5000 }).toMatch(seen);
        const gone = await undo(fault);
        expect(gone, gone.finding).toMatchObject({ status: 'confirmed' });
        expect(await link.toxics()).toEqual([]);
      });
    }

    for (const [type, settings] of [
      ['down', { link: LINK }],
      ['partition', { links: [LINK], mode: 'refuse' }],
    ] as const) {
      it(`${type} ${JSON.stringify(settings)}: refuses, is proven, and accepts again`, async () => {
        await using server = await start();
        await using service = await startService('redis');
        const { targets, link, listen } = await oneLink(service.address, server);
        using traffic = startTraffic(listen);
        await expect.poll(() => traffic.answers).toBeGreaterThan(0);
        const fault = await prepare(type, settings, targets);
        expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
        expect(await link.canary(500)).toMatchObject({ outcome: 'refused' });
        expect(await fault.proveTraffic?.()).toBe(embedded ? 'crossed' : 'unverified');
        expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
        expect(await link.canary(500)).toMatchObject({ outcome: 'answered' });
      });
    }

    it('partition cuts several links at once and names each of them', async () => {
      await using server = await start();
      await using service = await startService('redis');
      const { targets, links } = await twoLinks(service.address, server);
      const fault = await prepare('partition', { links: ['a', 'b'] }, targets);
      expect(fault.summary).toBe('partition x ↮ a, x ↮ b: nothing arrives (links a, b)');
      expect(fault.undo.map(({ id }) => id)).toEqual(['f1/0', 'f1/1', 'f1/2', 'f1/3']);
      expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
      for (const link of links) expect(await link.toxics()).toHaveLength(2);
      expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
      await expect(prepare('partition', { links: ['a', 'a'] }, targets)).rejects.toMatchObject({ code: 'link_twice' });
    });

    it('does not confirm what does not take effect', async () => {
      await using server = await start();
      await using service = await startService('redis');
      // The canary goes past the proxy: whatever the fault does there, the system does not feel it.
      const { targets } = await oneLink(service.address, server, { via: service.address });
      for (const [type, settings] of [
        ['timeout', {}],
        ['reset-peer', {}],
        ['slow-close', { delay: '150ms' }],
        ['down', {}],
      ] as const) {
        const fault = await prepare(type, { link: LINK, ...settings }, targets);
        expect(await inject(fault), type).toMatchObject({ status: 'mismatch' });
        await undo(fault);
      }
      const bandwidth = await prepare('bandwidth', { link: LINK, rate: '1KB/s' }, targets);
      expect(await inject(bandwidth)).toMatchObject({ status: 'unknown' });
    });

    it('knows a link that nobody uses', async () => {
      await using server = await start();
      await using service = await startService('redis');
      const { targets } = await oneLink(service.address, server);
      for (const [type, settings] of [
        ['latency', { latency: '20ms' }],
        ['timeout', {}],
        ['down', {}],
      ] as const) {
        const fault = await prepare(type, { link: LINK, ...settings }, targets);
        await fault.inject(signal);
        await fault.prove(signal);
        expect(await fault.proveTraffic?.(), type).toBe(embedded ? 'none' : 'unverified');
        await undo(fault);
      }
    });
  });
}

function shown({
  type,
  stream,
  attributes,
}: {
  type: string;
  stream: string;
  attributes: Record<string, unknown>;
}): string {
  return `${type} ${stream} ${JSON.stringify(Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

async function twoLinks(upstream: string, server: { api: string; embedded: boolean }) {
  const [a, b] = [
    await oneLink(upstream, server, { name: 'a', from: 'x', to: 'a' }),
    await oneLink(upstream, server, { name: 'b', from: 'x', to: 'b' }),
  ];
  return {
    links: [a.link, b.link],
    targets: { ...a.targets, link: (name: string) => (name === 'a' ? a.link : b.link) },
  };
}
