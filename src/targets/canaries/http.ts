import { request } from 'node:http';
import type { Canary } from '../canary.js';
import { Closed } from './failures.js';

/** GET of the link's `canary.path`. Any status is an answer: the link is measured, not the service. */
export const http: Canary = {
  unsupported: (canary) =>
    canary?.path === undefined ? 'an http link needs `canary: { path: /healthz }` to be measured' : undefined,
  ask: async (at, canary, signal, tell) =>
    await new Promise((resolve, reject) => {
      let sentMs = performance.now();
      const asking = request({
        ...at,
        path: canary?.path ?? '/',
        agent: false,
        signal,
        headers: { 'user-agent': 'plimsoll-canary', connection: 'close' },
      });
      asking.on('socket', (socket) => {
        tell(socket);
        socket.setNoDelay(true);
        socket.once('connect', () => {
          sentMs = performance.now();
        });
      });
      asking.on('response', (response) => {
        const roundTripMs = performance.now() - sentMs;
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => resolve({ roundTripMs, bytes }));
        response.on('error', reject);
        response.on('close', () => reject(new Closed('the answer was cut')));
      });
      asking.on('error', reject);
      asking.end();
    }),
};
