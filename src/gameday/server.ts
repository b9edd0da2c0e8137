import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { PlimsollError, messageOf } from '../support/errors.js';
import { close, listen } from '../support/listen.js';
import { Access, type Refusal } from './access.js';
import { carryOut, mayOrder, Order, type Audience } from './orders.js';
import { gamePage } from './page.js';
import type { Show } from './show.js';
import type { Steering } from './steering.js';

const MOST_BODY_BYTES = 8 * 1024;

export interface GameServer {
  /** What to open, with the token in the fragment; `team` only for a blind game day. */
  urls: { operator: string; team?: string };
  /** The run is over: what its report says, for whoever asks. */
  setReport(html: string): void;
  close(): Promise<void>;
}

/**
 * Serves the live page on 127.0.0.1.
 *
 * @throws PlimsollError `port_in_use`, `not_served`
 */
export async function serveGameDay(options: {
  port: number;
  blind: boolean;
  show: Show;
  steering: Steering;
}): Promise<GameServer> {
  const { show, steering, blind } = options;
  const access = new Access(blind);
  const page = gamePage();
  let report: string | undefined;
  let port = options.port;

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, { status: 500, message: messageOf(error) });
      else response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { headers, method = 'GET' } = request;
    const wrong = access.checkOrigin(headers, method, port);
    if (wrong) return refuse(response, wrong);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = path.startsWith(`${access.base}/`) ? `${method} ${path.slice(access.base.length)}` : '';
    if (route === 'GET /') {
      response.setHeader('content-security-policy', page.policy);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page.html);
      return;
    }
    if (route === 'POST /session') return openSession(request, response);
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return refuse(response, { status: 403, message: 'Requests from other sites are refused.' });
    if (!['GET /events', 'POST /orders', 'GET /report'].includes(route))
      return refuse(response, { status: 404, message: 'There is nothing here. Open the link that was printed.' });
    const session = access.sessionOf(headers);
    if (!session) return refuse(response, { status: 401, message: 'Open the link that the command has printed.' });
    if (route === 'GET /events') return openStream(request, response, session);
    if (route === 'POST /orders') return takeOrder(request, response, session.audience);
    if (report === undefined) return refuse(response, { status: 404, message: 'The run is not over yet.' });
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(report);
  }

  async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await jsonOf(request);
    if ('status' in body) return refuse(response, body);
    const token = typeof body.json === 'object' && body.json !== null && 'token' in body.json ? body.json.token : '';
    const exchanged = access.exchange(token);
    if ('status' in exchanged) return refuse(response, exchanged);
    response.writeHead(204, { 'set-cookie': exchanged.cookie }).end();
  }

  function openStream(
    request: IncomingMessage,
    response: ServerResponse,
    session: { id: string; audience: Audience },
  ): void {
    const last = Number(request.headers['last-event-id'] ?? 0);
    request.socket.setNoDelay(true);
    show.open({ session: session.id, audience: session.audience, response }, Number.isInteger(last) ? last : 0);
  }

  async function takeOrder(request: IncomingMessage, response: ServerResponse, audience: Audience): Promise<void> {
    const body = await jsonOf(request);
    if ('status' in body) return refuse(response, body);
    const order = Order.safeParse(body.json);
    if (!order.success) {
      const issue = order.error.issues[0];
      return refuse(response, { status: 400, message: `${issue?.path.join('.') || 'order'}: ${issue?.message}` });
    }
    if (!mayOrder(audience, order.data))
      return refuse(response, { status: 403, message: 'In a blind game day this is the operator’s to do.' });
    try {
      carryOut(order.data, steering);
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.kind !== 'usage') throw error;
      return refuse(response, { status: 409, message: [error.message, error.hint].filter(Boolean).join('. ') });
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"accepted":true}');
  }

  port = await listen(server, options.port, '127.0.0.1', (error, inUse) => notServed(error, inUse, options.port));
  const origin = `http://127.0.0.1:${port}${access.base}/`;
  return {
    urls: {
      operator: `${origin}#${access.tokens.operator}`,
      ...(blind ? { team: `${origin}#${access.tokens.team}` } : {}),
    },
    setReport: (html) => void (report = html),
    close: async () => close(server),
  };
}

const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

function refuse(
  response: ServerResponse,
  { status, message }: { status: Refusal['status'] | 404 | 409 | 413 | 415 | 500; message: string },
): void {
  // What is left of a body that was not read must not be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
}

/** A small JSON body. Only `application/json`: forms of other sites can't send that without asking first. */
async function jsonOf(
  request: IncomingMessage,
): Promise<{ json: unknown } | { status: 400 | 413 | 415; message: string }> {
  if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? ''))
    return { status: 415, message: 'The body must be application/json.' };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return { status: 413, message: `At most ${MOST_BODY_BYTES} bytes.` };
    chunks.push(chunk);
  }
  try {
    return { json: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return { status: 400, message: 'The body is not JSON.' };
  }
}

function notServed(error: Error, inUse: boolean, port: number): PlimsollError {
  return new PlimsollError({
    kind: 'usage',
    code: inUse ? 'port_in_use' : 'not_served',
    message: `the live page can't be served on port ${port}: ${inUse ? 'it is in use' : messageOf(error)}`,
    hint: 'Give another --port, or 0 for any free one.',
    cause: error,
  });
}
