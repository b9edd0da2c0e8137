import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { RunResult } from '../../result/schema.js';
import { formatMs } from '../../support/units.js';
import { html, type Markup } from '../html.js';
import { svg } from './figure.js';
import { px, type Frame, type Point } from './geometry.js';
import { logTicks, spread } from './timeline.js';

/** A line of the plot; its label is the window's name unless given. */
type Row = RunResult['distribution'][number] & { label?: string };

const TICKS = [0, 0.5, 0.9, 0.99, 0.999, 0.9999];

/**
 * Response time at each share of arrivals, as HdrHistogram draws it: the axis stretches towards the slow end, one step a
 * nine. A line ends where failures begin, since they rank above every answer.
 */
export function percentilePlot(rows: readonly Row[], frame: Frame): Markup {
  const { width, fontSize, narrow } = frame;
  const left = narrow ? 54 : 62;
  const right = narrow ? 70 : 80;
  const top = 12;
  const height = narrow ? 200 : 260;
  const bottom = top + height;
  const curves = rows.map((row) => ({ window: row.window, label: row.label ?? row.window, points: curveOf(row) }));
  const values = curves.flatMap(({ points }) => points.flatMap(({ y }) => (y === null || y <= 0 ? [] : [y])));
  if (values.length === 0) return svg(width, 40, html`<text x="${left}" y="24" class="muted">no response time</text>`);
  const y = scaleLog([Math.min(...values) * 0.9, Math.max(...values) * 1.1], [bottom, top]).clamp(true);
  const last = Math.max(...curves.flatMap(({ points }) => points.map(({ x }) => x)));
  const x = scaleLinear([0, Math.max(1, last)], [left, width - right]);
  const draw = line<Point>()
    .defined((point) => point.y !== null)
    .x((point) => x(point.x))
    .y((point) => y(point.y ?? 1))
    .digits(1);
  const ends = curves.map(({ window, label, points }) => {
    const end = points.findLast((point) => point.y !== null);
    return {
      window,
      label,
      x: end === undefined ? 0 : x(end.x),
      y: end?.y === undefined || end.y === null ? undefined : y(end.y),
    };
  });
  spread(ends, fontSize + 1);
  const ticks = logTicks(...(y.domain() as [number, number]));
  return svg(width, bottom + fontSize * 2 + 20, [
    html`${ticks.map((tick) => html`<path d="M${left} ${px(y(tick))}H${width - right}" class="grid" /><text x="${left - 6}" y="${px(y(tick) + fontSize * 0.35)}" class="tick" text-anchor="end">${formatMs(tick * 1000)}</text>`)}`,
    html`${TICKS.filter((q) => nines(q) <= Math.max(1, last) + 1e-9).map((q) => html`<path d="M${px(x(nines(q)))} ${top}V${bottom}" class="grid" /><text x="${px(x(nines(q)))}" y="${bottom + fontSize + 5}" class="tick" text-anchor="middle">${quantileLabel(q)}</text>`)}`,
    html`<text x="${px((left + width - right) / 2)}" y="${bottom + fontSize * 2 + 13}" class="tick" text-anchor="middle"
      >share of arrivals that were at most this slow</text
    >`,
    html`${curves.map(({ window, points }) => html`<path class="line curve-${window}" d="${draw(points) ?? ''}" />`)}`,
    html`${ends.map((end) => end.y !== undefined && html`<text x="${px(end.x + 6)}" y="${px(end.y + fontSize * 0.35)}" class="end curve-${end.window}">${end.label}</text>`)}`,
  ]);
}

/** 0 at the fastest arrival, 1 at 90 %, 2 at 99 %, 3 at 99.9 %. */
function nines(quantile: number): number {
  return -Math.log10(1 - Math.min(quantile, 0.999999));
}

/** `50 %`, `99.99 %`. */
export function quantileLabel(quantile: number): string {
  return `${Number((quantile * 100).toFixed(4))} %`;
}

function curveOf(row: Row): Point[] {
  return row.quantiles.flatMap((quantile, at) =>
    quantile >= 1 ? [] : [{ x: nines(quantile), y: row.allS[at] ?? null }],
  );
}
