import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseBody } from './decode.js';
import { ApiError, badRequest, toxicNotFound } from './errors.js';
import type { Log } from './log.js';
import { METRICS_CONTENT_TYPE, type Metrics } from './metrics.js';
import { proxyToJson, type Proxies } from './proxies.js';
import type { Proxy } from './proxy.js';
import { cleanPath, decodeTarget, escapePath, matchPath } from './routes.js';
import { toxicFromJson, toxicToJson, toxicUpdateFromJson } from './toxic-json.js';
import type { Toxic } from './toxics/toxic.js';

export interface Api {
  proxies: Proxies;
  metrics: Metrics;
  version: string;
  log: Log;
}

interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

interface Call {
  /** The variable segments of the path. */
  names: string[];
  /** Parsed when asked for: an unknown proxy is answered before its body is looked at. */
  body: () => unknown;
}

type Handler = (api: Api, call: Call) => Answer | Promise<Answer>;

const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
const NO_PAGE: Answer = { status: 404, body: '404 page not found\n', headers: TEXT };

const updateProxy: Handler = async ({ proxies }, { names: [name = ''], body }) =>
  json(200, proxyToJson(await proxies.update(name, body)));

const updateToxic: Handler = ({ proxies }, { names: [name = '', toxicName = ''], body }) => {
  const proxy = proxies.get(name);
  const toxic = toxicOf(proxy, toxicName);
  const { toxicity, attributes } = toxicUpdateFromJson(toxic, body());
  proxy.updateToxic(toxic, toxicity, attributes);
  return json(200, toxicToJson(toxic));
};

const ROUTES: { path: string; methods: Record<string, Handler> }[] = [
  {
    path: '/proxies',
    methods: {
      GET: ({ proxies }) =>
        json(
          200,
          `{${proxies
            .all()
            .map((proxy) => `${JSON.stringify(proxy.name)}:${proxyToJson(proxy)}`)
            .join(',')}}`,
        ),
      POST: async ({ proxies }, { body }) => json(201, proxyToJson(await proxies.create(body()))),
    },
  },
  {
    path: '/populate',
    methods: { POST: populate },
  },
  {
    path: '/proxies/:proxy',
    methods: {
      GET: ({ proxies }, { names: [name = ''] }) => json(200, proxyToJson(proxies.get(name))),
      POST: updateProxy,
      PATCH: updateProxy,
      DELETE: async ({ proxies }, { names: [name = ''] }) => {
        await proxies.delete(name);
        return { status: 204 };
      },
    },
  },
  {
    path: '/proxies/:proxy/toxics',
    methods: {
      GET: ({ proxies }, { names: [name = ''] }) =>
        json(200, `[${proxies.get(name).toxics.map(toxicToJson).join(',')}]`),
      POST: ({ proxies }, { names: [name = ''], body }) => {
        const proxy = proxies.get(name);
        const toxic = toxicFromJson(body(), (taken) => proxy.toxic(taken) !== undefined);
        proxy.addToxic(toxic);
        return json(200, toxicToJson(toxic));
      },
    },
  },
  {
    path: '/proxies/:proxy/toxics/:toxic',
    methods: {
      GET: ({ proxies }, { names: [name = '', toxic = ''] }) =>
        json(200, toxicToJson(toxicOf(proxies.get(name), toxic))),
      POST: updateToxic,
      PATCH: updateToxic,
      DELETE: ({ proxies }, { names: [name = '', toxic = ''] }) => {
        const proxy = proxies.get(name);
        proxy.removeToxic(toxicOf(proxy, toxic));
        return { status: 204 };
      },
    },
  },
  {
    // Not of Toxiproxy's API, which answers 404.
    path: '/proxies/:proxy/connections',
    methods: {
      GET: ({ proxies }, { names: [name = ''] }) => json(200, JSON.stringify(proxies.get(name).connections())),
    },
  },
  {
    path: '/reset',
    methods: {
      POST: async ({ proxies }) => {
        await proxies.reset();
        return { status: 204 };
      },
    },
  },
  {
    path: '/version',
    methods: {
      GET: ({ version }) => ({
        status: 200,
        body: `{"version": ${JSON.stringify(version)}}\n`,
        headers: { 'Content-Type': 'application/json;charset=utf-8' },
      }),
    },
  },
  {
    // Not of Toxiproxy's API, which answers 404: by this an embedded server is recognised.
    path: '/plimsoll/traffic',
    methods: { GET: ({ proxies }) => json(200, JSON.stringify(proxies.traffic())) },
  },
];

/** Answer one request. Never throws, never waits for the data path. */
export async function answer(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let result: Answer;
  try {
    result = await route(api, request, response);
  } catch (error) {
    if (request.errored || response.destroyed) return;
    result = refusal(error);
    if (result.status === 500) api.log.error('request failed', { method: request.method, url: request.url, error });
  }
  response.writeHead(result.status, result.headers);
  response.end(result.body);
}

async function route(api: Api, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const target = decodeTarget(request.url ?? '/');
  if (!target) {
    return {
      status: 400,
      body: '400 Bad Request',
      headers: { 'Content-Type': TEXT['Content-Type'], Connection: 'close' },
    };
  }
  const clean = cleanPath(target.path);
  if (clean !== target.path) {
    return { status: 301, headers: { Location: `${escapePath(clean)}${target.query}` } };
  }
  const method = request.method ?? 'GET';
  if (clean === '/metrics' && api.metrics.enabled) {
    return (
      enter(request, response) ?? {
        status: 200,
        body: await api.metrics.text(),
        headers: { 'Content-Type': METRICS_CONTENT_TYPE },
      }
    );
  }
  for (const { path, methods } of ROUTES) {
    const names = matchPath(path, clean);
    if (!names) continue;
    const handler = methods[method];
    if (!handler) return { status: 405 };
    const refused = enter(request, response);
    if (refused) return refused;
    const text = await readBody(request);
    return handler(api, { names, body: () => parseBody(text) });
  }
  return NO_PAGE;
}

/** What every matched route has: a request id, and no entry for browsers (a page must not command the server). */
function enter(request: IncomingMessage, response: ServerResponse): Answer | undefined {
  response.setHeader('X-Toxiproxy-Request-Id', requestId());
  if (!(request.headers['user-agent'] ?? '').startsWith('Mozilla/')) return undefined;
  return { status: 403, body: 'User agent not allowed\n', headers: TEXT };
}

/** Its errors are JSON in content type too, and carry what was done before. */
async function populate({ proxies }: Api, { body }: Call): Promise<Answer> {
  try {
    const { proxies: done, failure } = await proxies.populate(body());
    const list = done.length === 0 ? 'null' : `[${done.map(proxyToJson).join(',')}]`;
    if (!failure) return json(201, `{"proxies":${list}}`);
    return json(
      failure.status,
      `{"error":${JSON.stringify(failure.message)},"status":${failure.status},"proxies":${list}}`,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return json(error.status, JSON.stringify({ error: error.message, status: error.status, proxies: null }));
  }
}

function refusal(error: unknown): Answer {
  const status = error instanceof ApiError ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  return { status, body: `${JSON.stringify({ error: message, status })}\n`, headers: TEXT };
}

function json(status: number, body: string): Answer {
  return { status, body, headers: { 'Content-Type': 'application/json' } };
}

function toxicOf(proxy: Proxy, name: string): Toxic {
  const toxic = proxy.toxic(name);
  if (!toxic) throw toxicNotFound();
  return toxic;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // What is too long is read to its end all the same, and forgotten: a client that still writes would not see the answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= BODY_LIMIT_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > BODY_LIMIT_BYTES) {
    throw badRequest(`longer than ${BODY_LIMIT_BYTES / 1024 / 1024} MB, received ${length} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** 20 characters of `[0-9a-v]`, 100 bits. */
function requestId(): string {
  return Array.from(randomBytes(20), (byte) => (byte & 31).toString(32)).join('');
}
