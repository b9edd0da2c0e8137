import { normalTail, normalUpper, studentUpper } from './special.js';

/** Batches that a window is cut into: 60 would undercover under bursts, 10 lose power. */
export const BATCHES = 20;
/** Autocorrelation beyond which the inflation is not stretched further. */
const RHO_CAP = 0.9;

/** Counts of one window: all of it, and second by second (whole seconds from the window's start on). */
export interface Arm {
  x: number;
  n: number;
  badPerSecond: Float64Array;
  totalPerSecond: Float64Array;
}

/** How much an arm's batches vary, compared with independent events. */
export interface Spread {
  /** Design effect: variance of the batch rates ÷ what independent events would show. At least 1. */
  deff: number;
  /** Lag-1 autocorrelation of the batches. */
  rho: number;
  /** How many batches could be cut. */
  batches: number;
}

/** What bursts and autocorrelation leave of a count. */
export interface Dispersion {
  /** Events are worth 1 in D: effective counts are x/D of n/D. */
  D: number;
  deff: number;
  /** Inflation for autocorrelation between batches. */
  phi: number;
  /** As used: mean of the arms + 1/B, clipped. */
  rho: number;
  /** Mean of the arms, before the 1/B term: what `autocorrelated` looks at. */
  rhoMean: number;
  /** Degrees of freedom of a comparison of two windows, and of a statement on one. */
  df: number;
  dfOne: number;
}

/** An arm in equal batches: bad and all arrivals of each. */
export interface Batches {
  x: Float64Array;
  n: Float64Array;
}

/** Cuts an arm into equal batches (trailing seconds that don't fill one are left out here, not in x and n). */
export function batchesOf(arm: Pick<Arm, 'badPerSecond' | 'totalPerSecond'>, batches = BATCHES): Batches {
  const count = Math.min(batches, arm.totalPerSecond.length);
  const size = count > 0 ? Math.floor(arm.totalPerSecond.length / count) : 0;
  const x = new Float64Array(count);
  const n = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    for (let s = j * size; s < (j + 1) * size; s++) {
      x[j] = (x[j] ?? 0) + (arm.badPerSecond[s] ?? 0);
      n[j] = (n[j] ?? 0) + (arm.totalPerSecond[s] ?? 0);
    }
  }
  return { x, n };
}

/** How much the batches of an arm vary. */
export function spreadOf(arm: Pick<Arm, 'badPerSecond' | 'totalPerSecond'>, batches = BATCHES): Spread {
  const { x, n } = batchesOf(arm, batches);
  const count = x.length;
  if (count < 2) return { deff: 1, rho: 0, batches: count };
  const sumX = x.reduce((sum, bad) => sum + bad, 0);
  const sumN = n.reduce((sum, all) => sum + all, 0);
  if (sumX <= 0 || sumX >= sumN) return { deff: 1, rho: 0, batches: count };
  const r = sumX / sumN;
  const mean = sumN / count;
  const e = x.map((bad, j) => (bad - r * (n[j] ?? 0)) / mean);
  const { squares, lagged } = laggedSums(e);
  const variance = squares / (count * (count - 1));
  return {
    deff: Math.max(1, variance / ((r * (1 - r)) / sumN)),
    rho: squares > 0 ? lagged / squares : 0,
    batches: count,
  };
}

/**
 * Values in order, cut into equal batches (what is left over at the end is left out): the mean of the batches, and what they
 * scatter around it and hang together.
 */
export function batchMeans(
  values: ArrayLike<number>,
  batches: number,
): { centre: number; squares: number; lagged: number } {
  const size = Math.floor(values.length / batches);
  const means = new Float64Array(batches);
  for (let j = 0; j < batches; j++) {
    for (let s = j * size; s < (j + 1) * size; s++) means[j] = (means[j] ?? 0) + (values[s] ?? 0) / size;
  }
  const centre = means.reduce((sum, value) => sum + value, 0) / batches;
  return { centre, ...laggedSums(means.map((value) => value - centre)) };
}

/** Σe² and Σe_j·e_{j−1} of residuals. */
export function laggedSums(e: Float64Array): { squares: number; lagged: number } {
  let squares = 0;
  let lagged = 0;
  for (let j = 0; j < e.length; j++) {
    const here = e[j] ?? 0;
    squares += here * here;
    if (j > 0) lagged += here * (e[j - 1] ?? 0);
  }
  return { squares, lagged };
}

/**
 * Joins the windows' spreads. The larger design effect counts, since the window that happened to see no burst understates
 * its own variance. `floor` comes from a noise profile or from `minClusterSize`.
 */
export function disperse(
  spreads: readonly Spread[],
  options: { floor?: number; anyEvents?: boolean; deffOf?: readonly Spread[] } = {},
): Dispersion {
  const batches = Math.max(2, Math.min(BATCHES, ...spreads.map((s) => s.batches)));
  const rhoMean = spreads.length > 0 ? spreads.reduce((sum, s) => sum + s.rho, 0) / spreads.length : 0;
  const rho = Math.min(RHO_CAP, Math.max(0, rhoMean + 1 / batches));
  const phi = (options.anyEvents ?? true) ? (1 + rho) / (1 - rho) : 1;
  const deff = Math.max(1, ...(options.deffOf ?? spreads).map((s) => s.deff));
  return {
    D: Math.max(deff, options.floor ?? 1) * phi,
    deff,
    phi,
    rho,
    rhoMean,
    df: Math.max(4, (2 * (batches - 1)) / phi),
    dfOne: Math.max(4, (batches - 1) / phi),
  };
}

/** The critical value at a one-sided level: Student's where the variance had to be estimated, else the normal one. */
export function criticalValue(dispersion: Dispersion, alpha: number, arms: 1 | 2): number {
  if (dispersion.D <= 1) return normalUpper(alpha);
  return studentUpper(alpha, arms === 2 ? dispersion.df : dispersion.dfOne);
}

/** The level at which an exact (binomial) interval is as wide as `k` says. */
export function levelOf(k: number): number {
  return normalTail(k);
}
