import type { Sorted } from '../verdict/sorted.js';

/**
 * The smallest value that at least the share `q` of all values does not exceed (nearest rank: the ⌈q·n⌉-th smallest).
 * `n` may be larger than `sorted`: then the rest ranks above all of it, and null is what lies there.
 */
export function quantileOf(sorted: Sorted, q: number, n = sorted.length): number | null {
  if (n === 0) return null;
  return sorted.at(rankOf(q, n) - 1) ?? null;
}

/** From 1. The tiny amount keeps 0.07 × 100 = 7.000000000000001 from becoming rank 8. */
function rankOf(q: number, n: number): number {
  return Math.min(n, Math.max(1, Math.ceil(q * n - 1e-9)));
}

/**
 * Quantiles for a percentile plot whose axis is logarithmic in 1 − q: ten steps up to the median, then five for each
 * halving of what is above, up to 0.99999, with the named ones (p90, p95, p99, p99.9 …) among them. It ends where the
 * rank reaches the largest of `n` values: beyond that a curve would be flat and only look like knowledge.
 */
export function quantileLadder(n: number): number[] {
  const ladder: number[] = [];
  for (const q of LADDER) {
    ladder.push(q);
    if (rankOf(q, n) >= n) break;
  }
  return ladder;
}

const LADDER = steps();

function steps(): number[] {
  const all = new Set([0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99999]);
  for (let q = 0; q < 0.5; q += 0.05) all.add(round(q));
  for (let above = 0.5; above > 1e-5; above /= 2) {
    for (let step = 0; step < 5; step++) all.add(round(1 - above + (above / 2) * (step / 5)));
  }
  return [...all].filter((q) => q <= 0.99999).sort((a, b) => a - b);
}

function round(q: number): number {
  return Number(q.toFixed(7));
}
