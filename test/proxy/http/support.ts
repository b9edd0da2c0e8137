import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { startProxyServer, type ProxyTraffic } from '../../../src/proxy/index.js';
import { ApiClient, type ProxyJson } from '../support/api-client.js';

/** A proxy server with one proxy, and what is asked of it. */
export interface Stage extends AsyncDisposable {
  api: ApiClient;
  proxy: ProxyJson;
  add(type: string, attributes?: Record<string, unknown>, more?: Record<string, unknown>): Promise<string>;
  seen(toxic: string): Promise<ProxyTraffic['toxics'][string]>;
}

export async function stage(upstream: string, toxics: unknown[] = []): Promise<Stage> {
  const server = await startProxyServer({ port: 0, seed: 7 });
  const api = new ApiClient(server.url);
  const proxy = await api.proxy(upstream, { toxics });
  return {
    api,
    proxy,
    async add(type, attributes = {}, more = {}) {
      const path = `/proxies/${proxy.name}/toxics`;
      const reply = await api.post(path, { name: type, type, attributes, ...more });
      if (reply.status !== 200) throw new Error(reply.text);
      return `${path}/${type}`;
    },
    async seen(toxic) {
      const all = (await api.get('/plimsoll/traffic')).json() as Record<string, ProxyTraffic>;
      const found = all[proxy.name]?.toxics[toxic];
      if (!found) throw new Error(`no toxic ${toxic}`);
      return found;
    },
    [Symbol.asyncDispose]: async () => server.close(),
  };
}

/** A real HTTP server: `METHOD target body` of each request that reached it. */
export interface Upstream extends AsyncDisposable {
  address: string;
  got: string[];
}

export async function upstream(
  answer: (request: IncomingMessage, body: string, response: Parameters<RequestListener>[1]) => void = (
    request,
    body,
    response,
  ) => response.end(`${request.url} ${body}`),
): Promise<Upstream> {
  const got: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      got.push(`${request.method} ${request.url} ${body}`);
      answer(request, body, response);
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
    socket.on('error', () => undefined);
  });
  server.on('connect', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
