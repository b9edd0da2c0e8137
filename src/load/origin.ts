import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { PlimsollError } from '../support/errors.js';
import type { StreamPlan } from './driver.js';

/** Where requests go: all requests with the same key share connections. */
export interface Origin {
  key: string;
  secure: boolean;
  host: string;
  port: number;
  socketPath: string | undefined;
  /** The value of the `host` header. */
  hostHeader: string;
}

/** Splits an absolute url of a request. Throws `unsupported_url`. */
export function parseTarget(url: string): { origin: Origin; path: string } {
  const unix = /^unix:([^:]+):(\/.*)$/.exec(url);
  if (unix) {
    const socketPath = unix[1] ?? '';
    return {
      origin: {
        key: `unix:${socketPath}`,
        secure: false,
        host: 'localhost',
        port: 80,
        socketPath,
        hostHeader: 'localhost',
      },
      path: unix[2] ?? '/',
    };
  }
  // Not `URL`: it would encode the braces of a template in the path.
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  const authority = match?.[2] ?? '';
  if (!match || authority.includes('{{') || authority.includes('@') || !URL.canParse(`http://${authority}`)) {
    throw new PlimsollError({
      code: 'unsupported_url',
      message: `"${url}" is not a url that requests can be sent to.`,
      hint: 'Write http://host:port/path, https://host/path or unix:/path.sock:/path, with {{names}} only after the host.',
      kind: 'usage',
    });
  }
  const secure = match[1]?.toLowerCase() === 'https';
  const { hostname, port, host } = new URL(`${secure ? 'https' : 'http'}://${authority}`);
  const rest = match[3] ?? '';
  return {
    origin: {
      key: `${secure ? 'https' : 'http'}://${host}`,
      secure,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : Number(port),
      socketPath: undefined,
      hostHeader: host,
    },
    path: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

/** TLS sessions by origin, so that a reconnect needs not the whole handshake. */
const sessions = new WeakMap<Origin, Buffer>();

/** Opens a connection; the caller waits for `readyEvent` and handles errors. TLS is verified unless the plan says otherwise. */
export function openSocket(origin: Origin, tls: StreamPlan['tls']): Socket {
  if (origin.socketPath !== undefined) return connectTcp({ path: origin.socketPath });
  const { host, port } = origin;
  if (!origin.secure) return connectTcp({ host, port, noDelay: true });
  const session = sessions.get(origin);
  const servername = tls.servername ?? (/^[\d.]+$|:/.test(host) ? undefined : host);
  const socket = connectTls({
    host,
    port,
    ...(servername === undefined ? {} : { servername }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(session === undefined ? {} : { session }),
    rejectUnauthorized: !tls.insecure,
    ALPNProtocols: ['http/1.1'],
  });
  socket.setNoDelay(true);
  socket.on('session', (fresh) => sessions.set(origin, fresh));
  return socket;
}

/** The event after which bytes may be written. */
export function readyEvent(origin: Origin): 'connect' | 'secureConnect' {
  return origin.secure ? 'secureConnect' : 'connect';
}
