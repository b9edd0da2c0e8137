/**
 * Upper edges, in milliseconds, of the classes in which a driver counts its scheduling lag each second; what lies above
 * the last has a class of its own. Counts can be added over any window, percentiles can't. The gates of the design
 * stand on edges, so on these the answer is exact; elsewhere it errs by at most one class, upwards.
 */
export const LAG_LADDER_MS = [
  0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 200, 500, 1000,
] as const;

/** The class that a lag falls into. */
export function lagClass(lagMs: number): number {
  const position = LAG_LADDER_MS.findIndex((edge) => lagMs <= edge);
  return position < 0 ? LAG_LADDER_MS.length : position;
}

/** A quantile of lags that were counted by class: the upper edge of its class, in milliseconds; undefined without counts. */
export function lagQuantileMs(counts: readonly number[], quantile: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [position, count] of counts.entries()) {
    below += count;
    if (below >= quantile * total) return LAG_LADDER_MS[position] ?? Infinity;
  }
  return Infinity;
}
