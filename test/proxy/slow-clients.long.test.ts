import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startProxyServer } from '../../src/proxy/index.js';

it.concurrent.each([
  ['in the headers', 'GET /proxies HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ['in the body', 'POST /proxies HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{'],
])(
  'a client of the API that is slow %s is ended after the read limit',
  { timeout: 60_000 },
  async (_where, request) => {
    const server = await startProxyServer({ port: 0 });
    const socket = connect(server.port, server.host);
    const start = performance.now();
    socket.write(request);
    const drip = setInterval(() => socket.write('a'), 500);
    await new Promise((resolve) => {
      socket.on('error', () => undefined).once('close', resolve);
    });
    clearInterval(drip);
    expect(performance.now() - start).toBeGreaterThan(14_000);
    expect(performance.now() - start).toBeLessThan(25_000);
    await server.close();
  },
);
