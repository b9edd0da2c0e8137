/**
 * Trace ids (W3C Trace Context) that follow from (run id, stream name, arrival index) alone, so that a record of a run, a
 * server's log line and a trace can be joined without storing the id: 16 bytes as 32 hex digits, never all zero. Different
 * indices of one stream never share an id.
 */
export function traceIdOf(runId: string, stream: string, index: number): string {
  return traceIds(runId, stream).traceId(index);
}

/** The same for many arrivals of one stream: the names are hashed once. */
export function traceIds(
  runId: string,
  stream: string,
): { traceId(index: number): string; spanId(index: number): string } {
  const name = `${runId}/${stream}`;
  const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((salt) => hash32(salt, name)) as [number, number, number, number, number];
  const word = (base: number, index: number, step: number): string => hex(mix32((base + Math.imul(index, step)) >>> 0));
  return {
    // An odd step and a bijective mixer: 2^32 indices give 2^32 different words.
    traceId: (index) =>
      word(a, index, 0x9e3779b1) + word(b, index, 0x85ebca77) + word(c, index, 0xc2b2ae3d) + hex(mix32(d ^ index)),
    // `| 1` keeps the span id from being all zero, which the standard forbids.
    spanId: (index) => word(e, index, 0x27d4eb2f) + hex((mix32(a ^ index) | 1) >>> 0),
  };
}

/** The value of a `traceparent` header, sampled. */
export function traceparentOf(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** FNV-1a over the name, started from a salt, then mixed. */
function hash32(salt: number, name: string): number {
  let h = (0x811c9dc5 ^ mix32(salt)) >>> 0;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return mix32(h);
}

/** The finaliser of MurmurHash3: a bijection on 32 bits. */
function mix32(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
