import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Canary } from '../canary.js';
import { Closed } from './failures.js';

/** A PING frame (RFC 9113 §6.7) with prior knowledge: what gRPC and HTTP/2 servers answer without any request. */
export const http2: Canary = {
  ask: async (at, _canary, signal, tell) =>
    await new Promise((resolve, reject) => {
      const socket = connect({ ...at, noDelay: true });
      tell(socket);
      socket.on('error', reject);
      socket.once('close', () => reject(new Closed('the connection ended without an answer')));
      signal.addEventListener('abort', () => reject(new Error('too late')), { once: true });
      socket.once('connect', () => {
        const session = connectHttp2(`http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`, {
          createConnection: () => socket,
        });
        session.on('error', reject);
        const sentMs = performance.now();
        session.ping((error) => {
          if (error) reject(error);
          else resolve({ roundTripMs: performance.now() - sentMs, bytes: socket.bytesRead });
          session.destroy();
        });
      });
    }),
};
