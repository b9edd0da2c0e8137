import { strikesLeft, type Toxic } from './toxics/toxic.js';

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
  /** Only of toxics that choose what they hit: HTTP requests, connections or chunks that were hit. */
  hits?: number;
  /** Only of HTTP toxics: requests that they looked at. */
  requests?: number;
  /** Only of toxics that let everything pass after so many hits: how many are left; null where there is no limit. */
  left?: number | null;
}

export function toxicTraffic(toxic: Toxic): ToxicTraffic {
  const { seen, definition } = toxic;
  return {
    chunks: seen.chunks,
    meanDelayMs: seen.delayedCount === 0 ? null : seen.delayedSumMs / seen.delayedCount,
    droppedBytes: seen.droppedBytes,
    closedConnections: seen.closedConnections,
    ...((definition.showsHits || definition.strikes) && { hits: seen.hits }),
    ...(definition.request && { requests: seen.requests }),
    ...(definition.strikes && { left: strikesLeft(toxic) ?? null }),
  };
}
