import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { sloCheck, type CheckSlos } from './slo-check.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import { close, listen } from '../support/listen.js';

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
  const taken = await listen(server, port, host, (error, inUse) => notServed(error, inUse, `${host}:${port}`));
  // A scraper must not keep a finished run alive.
  server.unref();
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/metrics`,
    close: async () => close(server),
  };
}

function notServed(error: Error, inUse: boolean, where: string): PlimsollError {
  return new PlimsollError({
    code: inUse ? 'port_in_use' : 'metrics_not_served',
    message: inUse
      ? `The metrics can't be served on ${where}: the port is in use.`
      : `The metrics can't be served on ${where}: ${messageOf(error)}.`,
    hint: inUse ? 'Choose another port, or 0 for any free one.' : 'Choose an address and port of this machine.',
    cause: error,
  });
}
