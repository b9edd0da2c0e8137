import type { Socket } from 'node:net';
import { formatAddress } from './address.js';
import type { Connection } from './connection.js';

/** The answer of `GET /proxies/{proxy}/connections`. */
export interface ConnectionList {
  open: number;
  /** All since the proxy was made, those that have ended included; bytes below too. */
  total: number;
  upstreamBytes: number;
  downstreamBytes: number;
  connections: ConnectionStatus[];
}

export interface ConnectionStatus {
  /** Counts from 1 for each proxy. */
  id: number;
  /** Where the client dialled from. */
  client: string;
  /** The upstream's address, as resolved when it was dialled. */
  upstream: string;
  ageMs: number;
  /** Written to the upstream so far. */
  upstreamBytes: number;
  /** Written to the client so far. */
  downstreamBytes: number;
}

export function connectionStatus(connection: Connection): ConnectionStatus {
  return {
    id: connection.id,
    client: peerOf(connection.client.socket),
    upstream: peerOf(connection.upstream.socket),
    ageMs: Math.round(performance.now() - connection.beganAtMs),
    upstreamBytes: connection.bytes('upstream').sent,
    downstreamBytes: connection.bytes('downstream').sent,
  };
}

/** Of the other end; asked for only now, since most connections are never listed. */
function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return formatAddress({ host: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: remotePort });
}
