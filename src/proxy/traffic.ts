import { nothingSeen, type Seen } from './toxics/toxic.js';

/** What crossed a proxy, measured on real traffic and live: the answer of `GET /plimsoll/traffic`, by proxy name. */
export interface ProxyTraffic {
  /** Bytes written to the upstream. */
  upstreamBytes: number;
  /** Bytes written to clients. */
  downstreamBytes: number;
  connectionsOpen: number;
  connectionsTotal: number;
  toxics: Record<string, ToxicTraffic>;
}

export interface ToxicTraffic {
  /** Reads of at most 32 KiB that the toxic acted on. */
  chunks: number;
  /** From entering the toxic to leaving it; for slow_close, of ends of streams. Null until there is one. */
  meanDelayMs: number | null;
  droppedBytes: number;
  /** Connections that the toxic itself closed, or whose close it held back. */
  closedConnections: number;
}

export function toxicTraffic(seen: Seen = nothingSeen()): ToxicTraffic {
  return {
    chunks: seen.chunks,
    meanDelayMs: seen.delayedCount === 0 ? null : seen.delayedSumMs / seen.delayedCount,
    droppedBytes: seen.droppedBytes,
    closedConnections: seen.closedConnections,
  };
}
