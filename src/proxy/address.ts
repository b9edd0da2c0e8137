import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { ApiError } from './errors.js';

export interface HostPort {
  /** '' means every address of this host. */
  host: string;
  port: number;
}

/** The service names that the original knows without looking at the system's list. */
const SERVICES: Readonly<Record<string, number>> = {
  domain: 53,
  ftp: 21,
  ftps: 990,
  gopher: 70,
  http: 80,
  https: 443,
  imap2: 143,
  imap3: 220,
  imaps: 993,
  pop3: 110,
  pop3s: 995,
  smtp: 25,
  submissions: 465,
  ssh: 22,
  telnet: 23,
};

/**
 * `host:port` taken apart as Go does it.
 * @throws ApiError 500 with the original's text, which begins with `prefix`
 */
export function splitAddress(address: string, prefix: string): HostPort {
  const fail = (text: string): ApiError => new ApiError(500, `${prefix}address ${address}: ${text}`);
  const colon = address.lastIndexOf(':');
  if (colon < 0) throw fail('missing port in address');
  let host = address.slice(0, colon);
  if (address.startsWith('[')) {
    const end = address.indexOf(']');
    if (end < 0) throw fail("missing ']' in address");
    if (end + 1 === address.length) throw fail('missing port in address');
    if (end + 1 !== colon)
      throw fail(address[end + 1] === ':' ? 'too many colons in address' : 'missing port in address');
    host = address.slice(1, end);
    if (host.includes('[')) throw fail("unexpected '[' in address");
  } else {
    if (host.includes(':')) throw fail('too many colons in address');
    if (host.includes('[')) throw fail("unexpected '[' in address");
    if (address.includes(']')) throw fail("unexpected ']' in address");
  }
  return { host, port: portNumber(address.slice(colon + 1), prefix) };
}

/**
 * The address to listen on, with its host looked up.
 * @param prefix `listen tcp: ` where the original says so
 * @throws ApiError 500
 */
export async function resolveListen(listen: string, prefix: string): Promise<HostPort> {
  if (listen === '') return { host: '', port: 0 };
  const { host, port } = splitAddress(listen, prefix);
  return { host: await resolveHost(host, prefix), port };
}

/** As the original prints an address: `127.0.0.1:80`, `[::]:80`, `:80`. */
export function formatAddress({ host, port }: HostPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Bind errors in the original's words; other errors as they are. */
export function listenError(error: unknown, address: HostPort): ApiError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason =
    {
      EADDRINUSE: 'address already in use',
      EADDRNOTAVAIL: 'cannot assign requested address',
      EACCES: 'permission denied',
    }[code ?? ''] ?? message;
  // The original's errors call `::` by this name; an address without a host stays without.
  const host = address.host === '::' ? '0.0.0.0' : address.host;
  return new ApiError(500, `listen tcp ${formatAddress({ ...address, host })}: bind: ${reason}`);
}

async function resolveHost(host: string, prefix: string): Promise<string> {
  if (host === '' || isIP(host) === 4) return host;
  if (isIP(host) === 6) return canonicalIPv6(host);
  const unknown = new ApiError(500, `${prefix}lookup ${host}: no such host`);
  // The C resolver takes 127.1 and 0 for addresses; Go takes them for names.
  if (/^[\d.]*$/.test(host) || host === '*') throw unknown;
  try {
    const found = await lookup(host, { all: true });
    const best = found.find(({ family }) => family === 4) ?? found[0];
    if (best) return best.address;
  } catch {
    // Whatever the resolver says, the name has no address.
  }
  throw unknown;
}

function canonicalIPv6(host: string): string {
  if (host.includes('%')) return host;
  return new URL(`http://[${host}]`).hostname.slice(1, -1);
}

function portNumber(text: string, prefix: string): number {
  if (text === '') return 0;
  if (/^[+-]?\d+$/.test(text)) {
    const port = Number(text);
    if (port >= 0 && port <= 65_535) return port;
    throw new ApiError(500, `${prefix}address ${text}: invalid port`);
  }
  const service = SERVICES[text.toLowerCase()];
  if (service === undefined) throw new ApiError(500, `${prefix}lookup tcp/${text}: unknown port`);
  return service;
}
