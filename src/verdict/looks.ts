import { normalBelow, normalTail, normalUpper } from './special.js';

/**
 * Planned looks (group-sequential testing): the data may be judged several times on the way, if the plan says when, and if
 * each look asks for more than a test at the end would.
 */

/** Points of the integration grid between two looks; odd, for Simpson's rule. */
const POINTS = 181;
/** Further below zero than this many standard deviations nothing is worth a point. */
const FAR = 8;

const known = new Map<string, number>();

/**
 * The constant C of O'Brien and Fleming's boundary (1979) for `looks` equal looks, one-sided: under the hypothesis the
 * statistic exceeds C·√(looks / j) at any look j with probability `alpha`. 1.751 for five looks at 0.05.
 */
export function obrienFlemingConstant(looks: number, alpha: number): number {
  const key = `${looks} ${alpha}`;
  const found = known.get(key) ?? (looks < 2 ? undefined : solve(looks, alpha));
  if (found === undefined) throw new RangeError(`a boundary needs at least 2 looks, not ${looks}`);
  known.set(key, found);
  return found;
}

/** The one-sided level of a single test at look `look` (from 1) of `looks`. The last one spends almost all of `alpha`. */
export function levelAtLook(look: number, looks: number, alpha: number): number {
  if (looks < 2) return alpha;
  return normalTail(obrienFlemingConstant(looks, alpha) * Math.sqrt(looks / look));
}

/** By the secant method on the logarithm, which is nearly straight here. */
function solve(looks: number, alpha: number): number {
  const off = (c: number): number => Math.log(crossing(looks, c) / alpha);
  let before = normalUpper(alpha);
  let at = before + 0.1;
  let offBefore = off(before);
  for (let i = 0; i < 30 && Math.abs(at - before) > 1e-10; i++) {
    const here = off(at);
    const next = at - (here * (at - before)) / (here - offBefore);
    [before, offBefore, at] = [at, here, next];
  }
  return at;
}

/** P(the boundary is crossed at some look), by recursive integration (Armitage, McPherson and Rowe 1969). */
function crossing(looks: number, c: number): number {
  // On the scale of the sum of normal increments of variance 1, the boundary C·√(K/j) is the same at each look: C·√K.
  const edge = c * Math.sqrt(looks);
  let grid = gridUpTo(edge, 1);
  let density = grid.at.map((x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI));
  let crossed = normalTail(edge);
  for (let j = 2; j <= looks; j++) {
    const mass = density.map((d, i) => d * (grid.weight[i] ?? 0));
    for (const [i, m] of mass.entries()) crossed += m * (1 - normalBelow(edge - (grid.at[i] ?? 0)));
    if (j === looks) break;
    const next = gridUpTo(edge, j);
    density = next.at.map((x) => {
      let sum = 0;
      for (const [i, m] of mass.entries()) sum += m * Math.exp(-((x - (grid.at[i] ?? 0)) ** 2) / 2);
      return sum / Math.sqrt(2 * Math.PI);
    });
    grid = next;
  }
  return crossed;
}

/** Points below the edge with Simpson's weights. */
function gridUpTo(edge: number, look: number): { at: number[]; weight: number[] } {
  const low = -FAR * Math.sqrt(look);
  const step = (edge - low) / (POINTS - 1);
  return {
    at: Array.from({ length: POINTS }, (_, i) => low + i * step),
    weight: Array.from(
      { length: POINTS },
      (_, i) => (step / 3) * (i === 0 || i === POINTS - 1 ? 1 : i % 2 === 1 ? 4 : 2),
    ),
  };
}
