/** With more critical parts than this, the chance of some false failure is corrected for. */
export const UNCORRECTED_PARTS = 3;
/** Below this a p-value is as good as none: every correction keeps it. */
const LEAST = 1e-6;

/** The least level at which a part still fails, by bisection. `failsAt` must be monotone. */
export function failPValue(failsAt: (alpha: number) => boolean, alpha: number): number {
  if (failsAt(LEAST)) return LEAST;
  let low = Math.log(LEAST);
  let high = Math.log(alpha);
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (failsAt(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/**
 * Holm's step-down correction on the fail side (Holm 1979). `parts` are all critical parts; those that did not fail have
 * no p-value. Returns which of them may keep their `failed`, in the same order.
 */
export function holm(parts: readonly { alpha: number; pValue: number | undefined }[]): boolean[] {
  const keep = parts.map(() => false);
  const order = parts
    .map(({ alpha, pValue }, index) => ({ index, level: pValue === undefined ? Infinity : pValue / alpha }))
    .sort((a, b) => a.level - b.level);
  for (const [j, { index, level }] of order.entries()) {
    // The p-value as a share of its own α: SLOs may differ in confidence.
    if (level > 1 / (parts.length - j)) break;
    keep[index] = true;
  }
  return keep;
}
