import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import autocannon, { type Client, type Instance } from 'autocannon';
import { PlimsollError } from '../support/errors.js';

/** The version whose internals were read and tested; another may have others. */
const VERSION = '9.0.0';

/** What the closed model uses of an autocannon client besides its public face. */
export interface ClientInternals extends EventEmitter {
  conn: Socket | undefined;
  parser: HttpParser;
  pipelinedRequests: { clear(): void; insertRequest(request: unknown): void; addBody(data: unknown): void };
  requestIterator: { currentRequest: { requestBuffer: Buffer } };
  timeoutTicker: unknown;
  _connect(): void;
  _doRequest(): void;
  _destroyConnection(): void;
  getRequestBuffer(): Buffer;
}

/** http-parser-js, whose callbacks are numbered properties. */
interface HttpParser {
  constructor: { kOnHeadersComplete: number; kOnMessageComplete: number; RESPONSE: string };
  execute(chunk: Buffer): number | Error;
  finish(): Error | undefined;
  reinitialize(type: string): void;
  info: { statusCode?: number };
  [callback: number]: (this: unknown, ...args: never[]) => unknown;
}

/**
 * Makes `count` autocannon clients and hands over each from inside its construction, before it has connected; its own
 * scheduling and time-outs are taken away by then. Throws `autocannon_version` unless it is exactly the version whose
 * internals these are.
 */
export function createClients(count: number, origin: string, onClient: (client: ClientInternals) => void): Instance {
  assertVersion();
  let made = 0;
  const instance = autocannon(
    {
      url: origin,
      connections: count,
      // Ended by our own order, never by its clock; a longer one would not fit into a timer.
      duration: 1_000_000,
      setupClient: (client: Client) => {
        const internals = client as unknown as ClientInternals;
        assertInternals(internals);
        disarm(internals);
        made++;
        onClient(internals);
      },
    },
    () => undefined,
  );
  if (made !== count) {
    throw unexpected(`it made ${made} clients where ${count} were asked for`);
  }
  return instance;
}

/** Its ticker destroys the connection after ten seconds without an answer; our deadlines know better. */
function disarm(client: ClientInternals): void {
  const nothing = { reschedule: () => undefined, clear: () => undefined };
  Object.defineProperty(client, 'timeoutTicker', {
    get: () => nothing,
    // Set by the constructor right after this hook, with a timer that runs already.
    set: (real: { clear?: unknown }) => {
      if (typeof real.clear !== 'function') throw unexpected('its timeoutTicker has no clear()');
      real.clear();
    },
  });
}

function assertVersion(): void {
  const { version } = createRequire(import.meta.url)('autocannon/package.json') as { version: string };
  if (version === VERSION) return;
  throw new PlimsollError({
    code: 'autocannon_version',
    message: `autocannon is ${version}, but streams with \`users\` need exactly ${VERSION}, whose internals they use.`,
    hint: `Install it: npm install autocannon@${VERSION}`,
  });
}

function assertInternals(client: ClientInternals): void {
  for (const name of ['_connect', '_doRequest', '_destroyConnection', 'getRequestBuffer'] as const) {
    if (typeof client[name] !== 'function') throw unexpected(`its client has no ${name}()`);
  }
  if (typeof client.pipelinedRequests?.clear !== 'function') throw unexpected('its client has no pipelinedRequests');
  if (typeof client.requestIterator?.currentRequest !== 'object') throw unexpected('its client has no requestIterator');
  const { parser } = client;
  for (const name of ['execute', 'finish', 'reinitialize'] as const) {
    if (typeof parser?.[name] !== 'function') throw unexpected(`its parser has no ${name}()`);
  }
  if (typeof parser.constructor.kOnHeadersComplete !== 'number') throw unexpected('its parser is not http-parser-js');
}

function unexpected(what: string): PlimsollError {
  return new PlimsollError({
    code: 'autocannon_version',
    message: `autocannon does not look like version ${VERSION}: ${what}.`,
    hint: `Install it anew: npm install autocannon@${VERSION}`,
  });
}
