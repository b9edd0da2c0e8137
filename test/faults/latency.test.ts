import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { startService } from '../targets/services.js';
import { SERVERS } from '../targets/toxiproxy-servers.js';
import { inject, oneLink, prepare, undo } from './stage.js';

for (const { name, needs, start, embedded } of SERVERS)
  describeWith(needs, `latency on ${name}`, () => {
    for (const protocol of ['redis', 'grpc', 'http', 'tcp'] as const) {
      it(`delays a ${protocol} link, proves it with a canary, and proves that it is gone`, async () => {
        await using server = await start();
        await using service = await startService(protocol);
        const canary =
          protocol === 'http' ? { path: '/' } : protocol === 'tcp' ? { send: 'ping', expect: 'pong' } : undefined;
        const { targets, link } = await oneLink(service.address, server, { protocol, canary });
        const fault = await prepare('latency', { link: 'order-payment', latency: '60ms', jitter: '10ms' }, targets);
        expect(fault.summary).toBe('payment answers 60 ms ± 10 ms late (link order-payment, downstream)');
        const proof = await inject(fault);
        expect(proof).toMatchObject({ status: 'confirmed', measured: { orderedMs: 60 } });
        expect(proof.measured['delayMs']).toBeGreaterThanOrEqual(45);
        expect(await link.toxics()).toMatchObject([
          { name: 'plimsoll-test-f1', attributes: { latency: 60, jitter: 10 } },
        ]);
        expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { present: false } });
        expect(await link.toxics()).toEqual([]);
      });
    }

    it('does not confirm a delay that is not there, or not as long as ordered', async () => {
      await using server = await start();
      await using service = await startService('redis');
      const { targets, link } = await oneLink(service.address, server);
      const { signal } = new AbortController();
      const fault = await prepare('latency', { link: 'order-payment', latency: '60ms' }, targets);
      await fault.inject(signal);
      await link.removeToxic('plimsoll-test-f1');
      expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
      // There by name, but it hurts the wrong way or not as much: an old connection, another toxic, another proxy.
      await link.addToxic({
        name: 'plimsoll-test-f1',
        type: 'latency',
        stream: 'downstream',
        toxicity: 1,
        attributes: { latency: 20, jitter: 0 },
      });
      expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
    });

    it('says mismatch when the canary does not go through the delayed proxy', async () => {
      await using server = await start();
      await using service = await startService('redis');
      const { targets } = await oneLink(service.address, server, { via: service.address });
      const fault = await prepare('latency', { link: 'order-payment', latency: '60ms' }, targets);
      const proof = await inject(fault);
      expect(proof).toMatchObject({ status: 'mismatch' });
      expect(proof.finding).toContain('ordered 60 ms');
    });

    it.skipIf(!embedded)(
      'does not take the undo for done while the link is still slow',
      { timeout: 15_000 },
      async () => {
        await using server = await start();
        await using service = await startService('redis');
        const { targets, link } = await oneLink(service.address, server);
        const fault = await prepare('latency', { link: 'order-payment', latency: '40ms' }, targets);
        await inject(fault);
        expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch', measured: { present: true } });
        await link.addToxic({
          name: 'other',
          type: 'latency',
          stream: 'downstream',
          toxicity: 1,
          attributes: { latency: 40, jitter: 0 },
        });
        expect(await undo(fault)).toMatchObject({ status: 'mismatch', measured: { present: false } });
      },
    );

    it('hits a share of the connections', async () => {
      await using server = await start();
      await using service = await startService('redis');
      const { targets } = await oneLink(service.address, server);
      const fault = await prepare('latency', { link: 'order-payment', latency: '40ms', share: '50%' }, targets);
      const proof = await inject(fault);
      expect(proof.status).toBe('confirmed');
      expect(proof.measured['samplesHit']).toBeLessThan(Number(proof.measured['samples']));
      expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    });

    it('is unknown, not confirmed, where nothing can be measured', async () => {
      await using server = await start();
      await using service = await startService('tcp');
      const { targets } = await oneLink(service.address, server, { protocol: 'tcp' });
      const fault = await prepare('latency', { link: 'order-payment', latency: '40ms' }, targets);
      const proof = await inject(fault);
      expect(proof.status).toBe('unknown');
      expect(proof.finding).toContain('canary: { send, expect }');
      expect(await fault.proveTraffic?.()).toBe(embedded ? 'none' : 'unverified');
      expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    });
  });
