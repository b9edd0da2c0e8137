/** One point of a line; `y: null` breaks the line: a gap in the data stays a gap in the picture. */
export interface Point {
  x: number;
  y: number | null;
}

/** Size of one rendering of a chart. Each chart is drawn twice, for wide and for narrow windows. */
export interface Frame {
  width: number;
  /** Size of labels in the chart's own units; both are shown at about their natural size. */
  fontSize: number;
  narrow: boolean;
}

export const WIDE: Frame = { width: 940, fontSize: 13, narrow: false };
export const NARROW: Frame = { width: 360, fontSize: 12, narrow: true };

/** Width of a label, near enough to decide whether it fits. */
export function labelWidth(text: string, fontSize: number): number {
  return Array.from(text).length * fontSize * 0.56;
}

/** Coordinates with one decimal: finer than a pixel on any screen, and short. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/**
 * Thins points out to at most about `2 × bins`, keeping the lowest and the highest of each bin in their order, so that no
 * spike is lost. A gap anywhere in a bin stays a gap.
 */
export function minMax(points: readonly Point[], bins: number): Point[] {
  if (points.length <= 2 * bins) return [...points];
  const kept: Point[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const from = Math.floor((bin * points.length) / bins);
    const to = Math.floor(((bin + 1) * points.length) / bins);
    let low: Point | undefined;
    let high: Point | undefined;
    const flush = (): void => {
      if (low === undefined || high === undefined) return;
      kept.push(...(low === high ? [low] : low.x < high.x ? [low, high] : [high, low]));
      low = undefined;
      high = undefined;
    };
    for (const point of points.slice(from, to)) {
      if (point.y === null) {
        flush();
        if (kept.at(-1)?.y !== null) kept.push(point);
        continue;
      }
      if (low === undefined || point.y < (low.y ?? Infinity)) low = point;
      if (high === undefined || point.y > (high.y ?? -Infinity)) high = point;
    }
    flush();
  }
  return kept;
}

/** Turns a column that starts at `fromS` into points in the middle of their seconds. */
export function pointsOf(column: readonly (number | null)[], fromS: number): Point[] {
  return column.map((y, k) => ({ x: fromS + k + 0.5, y: y === null || !Number.isFinite(y) ? null : y }));
}

/** The highest value of columns; 0 where there is none. */
export function highest(columns: readonly (readonly (number | null)[])[]): number {
  let max = 0;
  for (const column of columns) for (const value of column) if (value !== null && value > max) max = value;
  return max;
}

/**
 * A percentile's column as SLOs rank arrivals: one that is not ok stands above every ok one. Null where so many failed that
 * the percentile falls on a failure, whatever its recorded time: refusals within a millisecond would look like speed.
 */
export function rankedColumn(
  column: readonly (number | null)[],
  { scheduled, ok }: { scheduled: readonly number[]; ok: readonly number[] },
  quantile: number,
): (number | null)[] {
  return column.map((value, k) => (fallsOnFailure(scheduled[k] ?? 0, ok[k] ?? 0, quantile) ? null : value));
}

/** Stretches of seconds, as [from, to) positions, in which the percentile falls on a failure. */
export function failureStretches(
  { scheduled, ok }: { scheduled: readonly number[]; ok: readonly number[] },
  quantile: number,
): [number, number][] {
  const stretches: [number, number][] = [];
  scheduled.forEach((count, k) => {
    if (!fallsOnFailure(count, ok[k] ?? 0, quantile)) return;
    const last = stretches.at(-1);
    if (last?.[1] === k) last[1] = k + 1;
    else stretches.push([k, k + 1]);
  });
  return stretches;
}

function fallsOnFailure(scheduled: number, ok: number, quantile: number): boolean {
  return scheduled > 0 && Math.ceil(quantile * scheduled) > ok;
}
