import fc from 'fast-check';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient, type Reply } from '../proxy/support/api-client.js';
import { describeWith } from '../support/needs.js';
import { randomCalls, type RandomCall } from './random-calls.js';
import { startEmbedded, startToxiproxy, type Running } from './servers.js';

/** `sequences` random sequences of API calls to both servers: what they answer, and the state after each call. */
export function compareRandomCalls(seed: number, sequences: number): void {
  describeWith(['toxiproxy'], 'random API calls', () => runCalls(seed, sequences));
}

function runCalls(seed: number, sequences: number): void {
  let twins: Twin[] = [];
  let busy: Server;
  let busyPort = 0;

  beforeAll(async () => {
    busy = createServer();
    await new Promise<void>((resolve) => {
      busy.listen(0, '127.0.0.1', resolve);
    });
    busyPort = (busy.address() as AddressInfo).port;
    const ports = await freePortsBelowEphemeral(6);
    twins = [];
    for (const [start, own] of [
      [startEmbedded, ports.slice(0, 3)],
      [startToxiproxy, ports.slice(3)],
    ] as const) {
      const running = await start();
      twins.push({ start, running, api: new ApiClient(running.url), ports: own });
    }
  });
  afterAll(async () => {
    for (const { running } of twins) await running.stop();
    await new Promise((resolve) => {
      busy.close(resolve);
    });
  });

  it(
    `are answered alike, and leave the same state (seed ${seed}, ${sequences} sequences)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(randomCalls, async (calls) => {
          for (const twin of twins) await clean(twin);
          for (const [index, call] of calls.entries()) {
            const [embedded, real] = await onBoth(call);
            // Reset visits the proxies of the original in random order: which failure it meets first, and what it did
            // before, is chance.
            if (call.path === '/reset' && embedded?.status === 500 && real?.status === 500) return;
            const where = `call ${index}: ${JSON.stringify(call)}`;
            expect({ where, ...embedded }).toEqual({ where, ...real });
            const [embeddedState, realState] = await onBoth({ method: 'GET', path: '/proxies', body: undefined });
            expect({ where, state: embeddedState?.body }).toEqual({ where, state: realState?.body });
          }
        }),
        { seed, numRuns: sequences },
      );
    },
    sequences * 2000,
  );

  async function onBoth(call: RandomCall): Promise<Comparable[]> {
    return Promise.all(
      twins.map(async (twin) => {
        const fill = (text: string): string =>
          text
            .replaceAll('$BUSY', String(busyPort))
            .replace(/\$P([123])/g, (_all, n) => String(twin.ports[Number(n) - 1]));
        const { method, path, body, agent } = call;
        const reply = await twin.api.call(method, path, body === undefined ? undefined : fill(body), {
          'User-Agent': agent ?? 'node',
        });
        return comparable(reply, call, twin, busyPort);
      }),
    );
  }
}

/** One of the two servers, with ports of its own that the calls may name. */
interface Twin {
  start: () => Promise<Running>;
  running: Running;
  api: ApiClient;
  ports: readonly number[];
}

interface Comparable {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function comparable(reply: Reply, call: RandomCall, twin: Twin, busyPort: number): Comparable {
  const { headers } = reply;
  return {
    status: reply.status,
    headers: {
      type: headers['content-type'],
      nosniff: headers['x-content-type-options'],
      location: headers.location,
      allow: headers.allow,
      id: headers['x-toxiproxy-request-id'] !== undefined,
    },
    body: call.path.startsWith('/version') ? '' : plain(reply, twin, busyPort),
  };
}

/** The body without what legitimately differs: ports, and the words of the JSON parser and of the resolver. */
function plain({ text, headers }: Reply, twin: Twin, busyPort: number): string {
  let body = text;
  if (/json/.test(headers['content-type'] ?? '') || text.startsWith('{"error"')) {
    const withPlainError = (key: string, value: unknown): unknown =>
      key === 'error' && typeof value === 'string' ? plainError(value) : value;
    body = JSON.stringify(JSON.parse(text, withPlainError)) + (text.endsWith('\n') ? '\n' : '');
  }
  body = body.replaceAll(String(busyPort), '$BUSY');
  twin.ports.forEach((port, index) => {
    body = body.replaceAll(String(port), `$P${index + 1}`);
  });
  // Whatever else stands in the ephemeral range was given out for port 0.
  return body.replace(/(127\.0\.0\.1|\[::\]|\[::1\]):[3-6]\d{4}/g, '$1:FREE');
}

function plainError(error: string): string {
  return error
    .replace(/^(bad request body: json: cannot unmarshal) .*/s, '$1')
    .replace(/^(bad request body: )(?!EOF$|unexpected EOF$|json: ).*/s, '$1…')
    .replace(/lookup (\S+?)( on .*)?: (no such host|.*server misbehaving|i\/o timeout)/, 'lookup $1');
}

/** Delete all; a name that no path can address ('..', 'a/b') is left behind only by a server that is replaced. */
async function clean(twin: Twin): Promise<void> {
  const names = Object.keys((await twin.api.get('/proxies')).json() as object);
  for (const name of names) await twin.api.delete(`/proxies/${encodeURIComponent(name)}`);
  if ((await twin.api.get('/proxies')).text === '{}') return;
  await twin.running.stop();
  twin.running = await twin.start();
  twin.api = new ApiClient(twin.running.url);
}

/** Ports that no request for port 0 is answered with. */
async function freePortsBelowEphemeral(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = 20_000 + (process.pid % 8000); found.length < count; port += 1) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '::', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    found.push(port);
  }
  return found;
}
