import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Server as TcpServer } from 'node:net';
import { noteContained, type Level } from './containment.js';
import { defects } from './defects.js';
import type { Logger } from './log.js';
import { countRequest, renderMetrics } from './metrics.js';
import { bugAt } from './poison.js';
import { lifeNumber, LISTEN_HOST } from './settings.js';
import { continueTrace, type Trace } from './trace.js';

export interface Call {
  /** The last segment of a route that ends with `/:id`. */
  id: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  trace: Trace;
  /** The body as JSON; throws a 400 where it is not. */
  json: () => Promise<unknown>;
}

export interface Answer {
  status: number;
  /** Sent as JSON. A string is sent as it is: it is JSON already. */
  body: unknown;
  headers?: Record<string, string>;
}

/** `'GET /items'` or `'GET /items/:id'` → what answers it. */
export type Routes = Record<string, (call: Call) => Answer | Promise<Answer>>;

/** Throw it in a handler for an answer that is not 2xx. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterS?: number,
  ) {
    super(message);
  }
}

export interface HttpService {
  /**
   * Takes no new connections and waits for the requests in flight, at most `limitMs`. Who closes an idle connection races
   * with the next request on it, and the client sees it lost: for `idleMs` such a request is still answered, and tells the
   * client to come back on a new connection.
   */
  close(limitMs: number, idleMs?: number): Promise<void>;
}

/** Serves the routes, and what an operator expects: `/healthz` (the process lives), `/readyz` (send it work), `/metrics`. */
export async function serveHttp(
  port: number,
  log: Logger,
  ready: () => boolean | Promise<boolean>,
  routes: Routes,
): Promise<HttpService> {
  const all: Routes = {
    ...routes,
    'GET /healthz': () => ({ status: 200, body: { status: 'alive', life: lifeNumber() } }),
    'GET /readyz': async () =>
      (await ready()) ? { status: 200, body: { status: 'ready' } } : { status: 503, body: { status: 'not ready' } },
    'GET /metrics': async () => {
      const { type, text } = await renderMetrics();
      return { status: 200, body: text, headers: { 'content-type': type } };
    },
  };
  let draining = false;
  const server = createServer((request, response) => {
    if (draining) response.setHeader('connection', 'close');
    void respond(all, request, response, log);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LISTEN_HOST, 1_024, resolve);
  });
  return {
    close: (limitMs, idleMs = 0) =>
      new Promise((resolve) => {
        draining = true;
        const force = setTimeout(() => server.closeAllConnections(), limitMs);
        const idle = setTimeout(() => server.closeIdleConnections(), idleMs);
        // Not the close of the HTTP server, which would end idle connections at once.
        TcpServer.prototype.close.call(server, () => {
          clearTimeout(idle);
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

/** Answers with a journal, from a byte on: what the audit has read already it need not read again. */
export function journalOf(file: string): (call: Call) => Promise<Answer> {
  return async ({ query }) => {
    const start = Number(query.get('from') ?? 0);
    if (!Number.isSafeInteger(start) || start < 0) throw new HttpError(400, 'from must be a number of bytes');
    const text = existsSync(file) ? (await readFile(file)).subarray(start).toString() : '';
    return { status: 200, body: text, headers: { 'content-type': 'application/x-ndjson' } };
  };
}

/** An exception in a handler or in the router costs its own request a 500, nothing more. */
async function respond(routes: Routes, request: IncomingMessage, response: ServerResponse, log: Logger): Promise<void> {
  const startedAt = performance.now();
  const trace = continueTrace(request.headers['traceparent']);
  let route = { name: 'unknown', id: '' };
  let level: Level = 'router';
  let answer: Answer;
  try {
    const url = request.url ?? '/';
    const cut = url.indexOf('?');
    const path = cut < 0 ? url : url.slice(0, cut);
    bugAt('router', request.headers);
    route = routeOf(routes, `${request.method} ${path}`);
    level = 'handler';
    const handle = routes[route.name];
    if (!handle) throw new HttpError(404, `no route ${request.method} ${path}`);
    bugAt('handler', request.headers);
    answer = await handle({
      id: route.id,
      query: new URLSearchParams(cut < 0 ? '' : url.slice(cut + 1)),
      headers: request.headers,
      trace,
      json: () => readJson(request),
    });
  } catch (error) {
    answer = answerTo(error, trace, route.name, level, log);
  }
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'trace-id': trace.id,
    ...answer.headers,
  });
  response.end(text);
  countRequest(route.name, String(answer.status), startedAt);
  log.debug({ trace_id: trace.id, route: route.name, status: answer.status }, 'answered');
}

function answerTo(error: unknown, trace: Trace, route: string, level: Level, log: Logger): Answer {
  if (error instanceof HttpError) {
    return {
      status: error.status,
      body: { error: error.message },
      ...(error.retryAfterS === undefined ? {} : { headers: { 'retry-after': String(error.retryAfterS) } }),
    };
  }
  noteContained(log, level, route, trace, error);
  if (defects().has('crash-on-handler-error')) {
    setImmediate(() => {
      throw error;
    });
  }
  return { status: 500, body: { error: 'internal error', trace_id: trace.id } };
}

function routeOf(routes: Routes, asked: string): { name: string; id: string } {
  if (Object.hasOwn(routes, asked)) return { name: asked, id: '' };
  const cut = asked.lastIndexOf('/');
  const withId = `${asked.slice(0, cut)}/:id`;
  return Object.hasOwn(routes, withId) ? { name: withId, id: asked.slice(cut + 1) } : { name: 'unknown', id: '' };
}

const LONGEST_BODY = 64 * 1024;

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    text += chunk as string;
    if (text.length > LONGEST_BODY) throw new HttpError(413, `the body is longer than ${LONGEST_BODY} characters`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}
