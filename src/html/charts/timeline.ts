import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { RunResult, Series } from '../../result/schema.js';
import { formatMs } from '../../support/units.js';
import { clip, html, type Content, type Markup } from '../html.js';
import { clockTime } from '../format.js';
import { svg } from './figure.js';
import { failureStretches, highest, minMax, pointsOf, px, rankedColumn, type Frame, type Point } from './geometry.js';
import { OUTCOME_GROUPS, badBars } from './outcome-bars.js';
import { faultLanes, markLines, phaseBands, type TimeAxis } from './time-lanes.js';

/** A horizontal line that latencies are held against. */
export interface LimitLine {
  valueS: number;
  label: string;
}

/** What of a run the timeline shows beside its stream; a run that goes on has these too. */
export type TimelineOf = Pick<RunResult, 'faults' | 'phases' | 'marks'>;

export interface TimelineOptions {
  series: Series;
  limits: readonly LimitLine[];
  /** The response time that the axis reaches at least, so that two timelines can be compared. */
  peakS?: number;
}

/** How many bins a line of the timeline is thinned out to; each keeps its lowest and highest value. */
const BINS = { wide: 240, narrow: 100 };

/**
 * The run of one stream along one time axis: phases and faults on top, then response times, offered against achieved
 * rate, and what was not ok. Response times are drawn on a linear and on a logarithmic axis; the style sheet shows one.
 */
export function timeline(result: TimelineOf, { series, limits, peakS = 0 }: TimelineOptions, frame: Frame): Markup {
  const { fontSize, narrow, width } = frame;
  const left = narrow ? 54 : 62;
  const right = narrow ? 34 : 46;
  const [fromS, toS] = timeSpan(result, series);
  const time = scaleLinear([fromS, toS], [left, width - right]);
  const axis: TimeAxis = { time, left, right: width - right, fontSize };
  const lanes = faultLanes(result.faults, axis, fontSize + 14);
  const heights = narrow ? [120, 80, 64] : [170, 96, 80];
  const gap = fontSize * 2.1;
  const [latencyTop, rateTop, badTop, bottom] = stack(fontSize + 14 + lanes.height, heights, gap);
  const panels: Content[] = [
    (['linear', 'log'] as const).map((scale) =>
      latencyPanel({ axis, series, limits, peakS, scale, frame, top: latencyTop, height: heights[0] ?? 0 }),
    ),
    ratePanel({ axis, series, frame, top: rateTop, height: heights[1] ?? 0 }),
    badPanel({ axis, series, frame, top: badTop, height: heights[2] ?? 0 }),
  ];
  const height = bottom + fontSize + 12;
  return svg(width, Math.ceil(height), [
    phaseBands(result.phases, axis, bottom),
    html`<g transform="translate(0 ${fontSize + 12})">${lanes.markup}</g>`,
    panels,
    markLines(result.marks, axis, latencyTop, bottom),
    timeTicks(axis, bottom, narrow ? 5 : 10),
  ]);
}

/** From the first to the last second in which something was due or a load phase ran. */
function timeSpan(result: Pick<RunResult, 'phases'>, series: Series): [number, number] {
  const load = result.phases.filter(({ phase }) => !['preparing', 'judging', 'done'].includes(phase));
  const from = Math.min(series.fromS, ...load.map((phase) => phase.startS));
  const to = Math.max(series.fromS + series.scheduled.length, ...load.map((phase) => phase.endS));
  return to > from ? [from, to] : [from, from + 1];
}

interface Panel {
  axis: TimeAxis;
  series: Series;
  frame: Frame;
  top: number;
  height: number;
}

const PERCENTILES = [
  ['p50', 'p50S', 0.5],
  ['p95', 'p95S', 0.95],
  ['p99', 'p99S', 0.99],
] as const;

function latencyPanel(panel: Panel & { limits: readonly LimitLine[]; peakS: number; scale: 'linear' | 'log' }): Markup {
  const { axis, series, limits, peakS, scale, frame, top, height } = panel;
  const lines = PERCENTILES.map(([name, key, quantile]) => ({
    name,
    column: rankedColumn(series[key], series, quantile),
    lost: failureStretches(series, quantile),
  }));
  const columns = lines.map(({ column }) => column);
  const peak = Math.max(highest(columns), peakS) || 0.001;
  const shown = limits.filter(({ valueS }) => valueS <= peak * 1.6);
  // Headroom for the label of a limit that is the highest thing in the panel.
  const max = Math.max(peak, ...shown.map(({ valueS }) => valueS * 1.14));
  const bottom = top + height;
  const positive = columns.flat().filter((value): value is number => value !== null && value > 0);
  const least = positive.reduce((low, value) => Math.min(low, value), max / 10);
  const y =
    scale === 'log'
      ? scaleLog([least * 0.9, max * 1.1], [bottom, top]).clamp(true)
      : scaleLinear([0, max * 1.05], [bottom, top]).clamp(true);
  const ticks = scale === 'log' ? logTicks(least * 0.9, max * 1.1) : y.ticks(frame.narrow ? 3 : 4);
  const ends = lines.map(({ name, column }) => ({ name, y: lastValue(column, y) }));
  spread(ends, frame.fontSize);
  return html`<g class="on-${scale}"
    >${panelTitle(axis, top, `response time${scale === 'log' ? ', log scale' : ''}`)}${grid(axis, y, ticks, (value) => formatMs(value * 1000))}${shown.map(({ valueS, label }) => limitLine(axis, y(valueS), label))}${lines.map(({ name, column }) => html`<path class="line ${name}" d="${pathOf(pointsOf(column, series.fromS), axis, y, frame)}" />`)}${lines.map(({ name, lost }, at) => lostStretches(name, lost, series, axis, top + 4 + at * 4))}${ends.map((end) => end.y !== undefined && html`<text x="${axis.right + 5}" y="${px(end.y + frame.fontSize * 0.35)}" class="end ${end.name}">${end.name}</text>`)}</g
  >`;
}

function ratePanel({ axis, series, frame, top, height }: Panel): Markup {
  const y = scaleLinear([0, (highest([series.scheduled]) || 1) * 1.12], [top + height, top]).clamp(true);
  return html`<g
    >${panelTitle(axis, top, frame.narrow ? 'per second: offered (dashed), answered well' : 'arrivals per second: offered (dashed) and answered well')}${grid(axis, y, y.ticks(frame.narrow ? 2 : 3), (value) => String(value))}<path
      class="line good"
      d="${pathOf(pointsOf(series.ok, series.fromS), axis, y, frame)}" /><path
      class="line offered"
      d="${pathOf(pointsOf(series.scheduled, series.fromS), axis, y, frame)}"
  /></g>`;
}

function badPanel({ axis, series, frame, top, height }: Panel): Markup {
  const bars = badBars(series, frame.narrow ? BINS.narrow : BINS.wide);
  const title = panelTitle(axis, top, frame.narrow ? 'per second: not ok' : 'arrivals per second that were not ok');
  const peak = Math.max(0, ...bars.map(({ total }) => total));
  const y = scaleLinear([0, Math.max(1, peak * 1.12)], [top + height, top]);
  if (peak === 0) {
    return html`<g
      >${title}<path d="M${axis.left} ${top + height}H${axis.right}" class="grid" /><text
        x="${axis.left + 8}"
        y="${px(top + height - 8)}"
        class="muted"
        >none: every arrival was ok</text
      ></g
    >`;
  }
  const ticks = y.ticks(2).filter(Number.isInteger);
  const outlines = new Map<string, string>();
  for (const bar of bars) {
    const x = axis.time(bar.fromS);
    const width = Math.max(2, axis.time(bar.toS) - x - 0.5);
    let below = 0;
    for (const { key } of OUTCOME_GROUPS) {
      const count = bar.counts[key] ?? 0;
      if (count === 0) continue;
      const from = y(below);
      below += count;
      const height = Math.max(1.5, from - y(below));
      outlines.set(key, `${outlines.get(key) ?? ''}M${px(x)} ${px(from)}v-${px(height)}h${px(width)}v${px(height)}z`);
    }
  }
  const drawn = Array.from(outlines, ([key, d]) => html`<path d="${d}" class="bar ${key}" />`);
  return html`<g>${title}${grid(axis, y, ticks, (value) => String(value))}${drawn}</g>`;
}

/** Thick bars at the top of the panel: here so many failed that the percentile has no response time. */
function lostStretches(
  name: string,
  stretches: readonly [number, number][],
  series: Series,
  axis: TimeAxis,
  y: number,
): Markup | string {
  if (stretches.length === 0) return '';
  const d = stretches.map(([from, to]) => {
    const x = axis.time(series.fromS + from);
    return `M${px(x)} ${px(y)}H${px(Math.max(x + 2, axis.time(series.fromS + to)))}`;
  });
  return html`<path class="lost ${name}" d="${d.join('')}" />`;
}

function panelTitle(axis: TimeAxis, top: number, text: string): Markup {
  return html`<text x="${axis.left}" y="${px(top - 7)}" class="panel-title">${text}</text>`;
}

function grid(
  axis: TimeAxis,
  y: (value: number) => number,
  ticks: number[],
  format: (value: number) => string,
): Markup {
  return html`${ticks.map((tick) => html`<path d="M${axis.left} ${px(y(tick))}H${axis.right}" class="grid" /><text x="${axis.left - 6}" y="${px(y(tick) + axis.fontSize * 0.35)}" class="tick" text-anchor="end">${format(tick)}</text>`)}`;
}

function limitLine(axis: TimeAxis, y: number, label: string): Markup {
  const text = clip(label, 40);
  return html`<path d="M${axis.left} ${px(y)}H${axis.right}" class="limit" /><text
      x="${axis.left + 6}"
      y="${px(y - 5)}"
      class="limit-label"
      >${text}</text
    >`;
}

function timeTicks(axis: TimeAxis, y: number, count: number): Markup {
  const ticks = axis.time.ticks(count).filter(Number.isInteger);
  return html`<path
      d="M${axis.left} ${px(y)}H${axis.right}"
      class="axis"
    />${ticks.map((tick) => html`<path d="M${px(axis.time(tick))} ${px(y)}v4" class="axis" /><text x="${px(axis.time(tick))}" y="${px(y + axis.fontSize + 5)}" class="tick" text-anchor="middle">${clockTime(tick)}</text>`)}`;
}

function pathOf(points: Point[], axis: TimeAxis, y: (value: number) => number, frame: Frame): string {
  const thinned = minMax(points, frame.narrow ? BINS.narrow : BINS.wide);
  const draw = line<Point>()
    .defined((point) => point.y !== null)
    .x((point) => axis.time(point.x))
    .y((point) => y(point.y ?? 0))
    .digits(1);
  return draw(thinned) ?? '';
}

/** 1, 2 and 5 of each power of ten; only the tens where that would be too many. */
export function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  const steps = Math.log10(high / low) > 2 ? [1] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) {
      const value = step * 10 ** power;
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return ticks;
}

/** Moves labels apart that would cover each other; the order from top to bottom stays. */
export function spread(labels: { y: number | undefined }[], lineHeight: number): void {
  const placed = labels.filter((label): label is { y: number } => label.y !== undefined).sort((a, b) => b.y - a.y);
  for (const [at, label] of placed.entries()) {
    const below = placed[at - 1];
    if (below !== undefined && below.y - label.y < lineHeight) label.y = below.y - lineHeight;
  }
}

function lastValue(column: readonly (number | null)[], y: (value: number) => number): number | undefined {
  const last = column.findLast((value) => value !== null);
  return last === undefined || last === null ? undefined : y(last);
}

/** The tops of panels below each other, and the bottom of the last. */
function stack(top: number, heights: readonly number[], gap: number): [number, number, number, number] {
  const first = top + gap;
  const second = first + (heights[0] ?? 0) + gap;
  const third = second + (heights[1] ?? 0) + gap;
  return [first, second, third, third + (heights[2] ?? 0)];
}
