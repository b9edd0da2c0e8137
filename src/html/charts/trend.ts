import { scaleLinear } from 'd3-scale';
import type { PartJudgement } from '../../verdict/judgement.js';
import type { ShownPart } from '../drift-sign.js';
import { html, type Markup } from '../html.js';
import { px } from './geometry.js';

const WIDTH = 320;
const HEIGHT = 96;
const LEFT = 6;
const RIGHT = 10;
const EDGE = 8;

export interface TrendPoint {
  shown: ShownPart;
  verdict: PartJudgement['verdict'];
}

/**
 * One figure over many runs, evenly spaced, each with its interval, and the line that it is held to, which may have moved
 * between runs. A dot passed, a cross failed, an open dot was not decided; a run that did not judge it leaves a gap. An
 * interval without an end leaves through the edge.
 */
export function trendChart(points: readonly (TrendPoint | null)[], words: string): Markup {
  const known = points
    .flatMap((point) => (point ? [point.shown.value, point.shown.low, point.shown.high, point.shown.limit] : []))
    .filter((value): value is number => value !== null && Number.isFinite(value));
  const [min, max] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [0, 1];
  const room = (max - min) * 0.06 || Math.abs(max) * 0.1 || 1;
  const y = scaleLinear([min - room, max + room], [HEIGHT - EDGE, EDGE]).clamp(true);
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, points.length);
  const x = (at: number): number => LEFT + step * (at + 0.5);
  const limits = points.flatMap((point, at) =>
    point ? [`M${px(x(at) - step / 2)} ${px(y(point.shown.limit))}h${px(step)}`] : [],
  );
  return html`<svg
    class="drift trend"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="${words}"
  >
    ${points.map((point, at) => point && beyond(point.shown, x(at) - step / 2, step, y))}
    ${min < 0 && max > 0 && html`<path d="M0 ${px(y(0))}H${WIDTH}" class="axis" />`}
    <path d="${limits.join('')}" class="limit" />
    ${points.map((point, at) => point && pointMark(point, x(at), y))}
  </svg>`;
}

/** Over the line: hatched. */
function beyond({ limit, badBelow }: ShownPart, x: number, width: number, y: (value: number) => number): Markup {
  const [top, bottom] = badBelow ? [y(limit), HEIGHT] : [0, y(limit)];
  return html`<rect x="${px(x)}" y="${px(top)}" width="${px(width)}" height="${px(bottom - top)}" class="beyond" />`;
}

function pointMark({ shown, verdict }: TrendPoint, x: number, y: (value: number) => number): Markup {
  const { value, low, high } = shown;
  if (value === null && low === null && high === null) return html``;
  const interval = html`<path
    d="M${px(x)} ${px(low === null ? HEIGHT : y(low))}V${px(high === null ? 0 : y(high))}"
    class="interval thin"
  />`;
  if (value === null) return html`<g class="${verdict}">${interval}</g>`;
  const at = y(value);
  const cross = `M${px(x - 4)} ${px(at - 4)}l8 8m0 -8l-8 8`;
  return html`<g class="${verdict}"
    >${interval}${
      verdict === 'failed'
        ? html`<path d="${cross}" class="cross-back" /><path d="${cross}" class="cross" />`
        : html`<circle cx="${px(x)}" cy="${px(at)}" r="4" class="${verdict === 'passed' ? 'dot' : 'dot open'}" />`
    }</g
  >`;
}
