import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { sloCheck, type CheckSlos } from './slo-check.js';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';

export interface Served {
  /** With the port that was taken: `http://127.0.0.1:9464/metrics`. */
  url: string;
  close(): Promise<void>;
}

/** Serves a registry under `/metrics`, and `POST /slo/check` where `check` is given. Throws `port_in_use`, or `metrics_not_served` for any other trouble. */
export async function serveMetrics(registry: Registry, port: number, host: string, check?: CheckSlos): Promise<Served> {
  const checked = check && sloCheck(check);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://metrics');
    if (checked && pathname === '/slo/check' && request.method === 'POST') {
      void checked(request, response);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    if (pathname !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics.\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`),
    );
  });
  await listen(server, port, host);
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  // A scraper must not keep a finished run alive.
  server.unref();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/metrics`,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const inUse = systemCodeOf(error) === 'EADDRINUSE';
      reject(
        new PlimsollError({
          code: inUse ? 'port_in_use' : 'metrics_not_served',
          message: inUse
            ? `The metrics can't be served on ${host}:${port}: the port is in use.`
            : `The metrics can't be served on ${host}:${port}: ${messageOf(error)}.`,
          hint: inUse ? 'Choose another port, or 0 for any free one.' : 'Choose an address and port of this machine.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
