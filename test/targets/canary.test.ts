import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { measureCanary } from '../../src/targets/canary.js';
import type { LinkCanary, LinkProtocol } from '../../src/targets/targets.js';
import { freePort } from './toxiproxy-servers.js';
import { startService } from './services.js';

const settings: Record<LinkProtocol, LinkCanary | undefined> = {
  tcp: { send: 'ping\\r\\n', expect: 'pong\\x0d\\n' },
  http: { path: '/healthz' },
  http2: undefined,
  grpc: undefined,
  redis: undefined,
  mqtt: undefined,
};

describe('canary', () => {
  for (const [protocol, canary] of Object.entries(settings) as [LinkProtocol, LinkCanary | undefined][]) {
    it(`${protocol}: is answered, and its bytes are counted as our own`, async () => {
      await using service = await startService(protocol);
      const own = { sent: 0, received: 0, connections: 0 };
      const result = await measureCanary(service.address, protocol, canary, 2000, own);
      expect(result).toMatchObject({ outcome: 'answered' });
      expect(own.connections).toBe(1);
      expect(own.sent).toBeGreaterThan(1);
      expect(own.received).toBeGreaterThan(1);
    });

    it(`${protocol}: tells refused, silent, reset and closed apart`, async () => {
      expect(await measureCanary(`127.0.0.1:${await freePort()}`, protocol, canary, 1000)).toMatchObject({
        outcome: 'refused',
      });
      for (const [outcome, behaviour] of [
        ['timeout', 'silent'],
        ['reset', 'reset'],
        ['closed', 'close'],
      ] as const) {
        await using peer = await startPeer(behaviour);
        expect(await measureCanary(peer.address, protocol, canary, 300), behaviour).toMatchObject({ outcome });
      }
    });
  }

  it('does not take one protocol for another', async () => {
    await using redis = await startService('redis');
    expect(await measureCanary(redis.address, 'mqtt', undefined, 500)).toMatchObject({ outcome: 'bad_answer' });
    expect(await measureCanary(redis.address, 'http', { path: '/' }, 500)).toMatchObject({ outcome: 'bad_answer' });
    await using http = await startService('http');
    expect(await measureCanary(http.address, 'grpc', undefined, 500)).toMatchObject({ outcome: 'bad_answer' });
  });

  it('says what it needs where a protocol has no question of its own', async () => {
    expect(await measureCanary('127.0.0.1:9', 'tcp', undefined, 100)).toMatchObject({ outcome: 'unsupported' });
    expect(await measureCanary('127.0.0.1:9', 'http', {}, 100)).toMatchObject({ outcome: 'unsupported' });
  });
});

/** A peer that accepts and then misbehaves as soon as it has got something. */
async function startPeer(behaviour: 'silent' | 'reset' | 'close'): Promise<AsyncDisposable & { address: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      if (behaviour === 'reset') socket.resetAndDestroy();
      if (behaviour === 'close') socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}
