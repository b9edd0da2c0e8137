import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { RunResult } from '../result/schema.js';
import { minMax, pointsOf, px, rankedColumn, type Point } from './charts/geometry.js';
import { badBars } from './charts/outcome-bars.js';
import { clockTime, plural, unbroken } from './format.js';
import { brand } from './sections/brand.js';
import { clip, html, linkTo, name, type Markup } from './html.js';
import { page } from './page.js';
import { badge, icon, type State } from './words.js';

export interface IndexEntry {
  result: RunResult;
  /** Path of the report from the index, with forward slashes; absent: the run has none. */
  report?: string;
}

/**
 * Several runs on one page, the worst first, each with its sentence and a small timeline. The same results give the same
 * bytes.
 */
export function renderIndex(entries: readonly IndexEntry[]): string {
  const sorted = entries.toSorted((a, b) => badnessOf(b.result) - badnessOf(a.result));
  const counts = ORDER.toReversed()
    .map((verdict) => [entries.filter(({ result }) => result.verdict === verdict).length, verdict] as const)
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`)
    .join(', ');
  const title = `${plural(entries.length, 'scenario')}: ${counts || 'none was run'}`;
  return page(
    title,
    html`${brand()}
      <h1 class="index-title">${title}</h1>
      <ol class="runs">
        ${sorted.map(entryRow)}
      </ol>`,
  );
}

/** From the best to the worst. */
const ORDER: readonly RunResult['verdict'][] = ['passed', 'inconclusive', 'aborted', 'errored', 'failed'];

/** A fault that may still be active is worse than every verdict. */
function badnessOf({ verdict, cleanup }: RunResult): number {
  return ORDER.indexOf(verdict) + (cleanup.proven ? 0 : ORDER.length);
}

function entryRow({ result, report }: IndexEntry): Markup {
  const { scenario, startedAt, durationS } = result.run;
  const state: State = result.cleanup.proven ? result.verdict : 'failed';
  return html`<li class="run ${state}">
    <div class="run-words">
      <h2>
        ${report === undefined ? name(scenario.name) : html`<a href="${linkTo(report)}">${name(scenario.name)}</a>`}
      </h2>
      <p>${badge(result.verdict)} ${unbroken(clip(result.sentence, 400))}</p>
      ${!result.cleanup.proven && html`<p class="because">${icon('failed')} <strong>Not proven to be put back.</strong> ${clip(result.cleanup.sentence, 300)}</p>`}
      <p class="muted">
        ${clip(scenario.file, 120)} · ${clip(startedAt.slice(0, 19).replace('T', ' '), 20)} UTC ·
        ${clockTime(durationS)} · ${plural(result.faults.filter((fault) => fault.requestedS !== null).length, 'fault')}
      </p>
    </div>
    ${smallTimeline(result)}
  </li> `;
}

const WIDTH = 260;
const HEIGHT = 58;
const BINS = 120;

/** The 95th percentile of the first stream, its fault windows as bands, and what was not ok along the foot. */
function smallTimeline(result: RunResult): Markup {
  const [series] = result.series;
  if (series === undefined) return html`<p class="muted small-timeline">no arrival was recorded</p>`;
  const column = rankedColumn(series.p95S, series, 0.95);
  const peak = Math.max(0.001, ...column.filter((value) => value !== null));
  const x = scaleLinear([series.fromS, series.fromS + Math.max(1, series.scheduled.length)], [0, WIDTH]).clamp(true);
  const y = scaleLinear([0, peak * 1.05], [HEIGHT - 12, 2]);
  const most = Math.max(1, ...series.scheduled);
  const draw = line<Point>()
    .defined((point) => point.y !== null)
    .x((point) => x(point.x))
    .y((point) => y(point.y ?? 0))
    .digits(1);
  const bands = result.windows.filter(({ window }) => window === 'fault');
  const bad = badBars(series, BINS).map(({ fromS, toS, total }) => {
    const height = Math.max(1.5, (10 * Math.min(total, most)) / most);
    return `M${px(x(fromS))} ${HEIGHT}v-${px(height)}h${px(Math.max(1.5, x(toS) - x(fromS)))}v${px(height)}z`;
  });
  const label = `p95 of ${clip(series.stream, 60)}, at most ${Math.round(peak * 1000)} ms${bad.length > 0 ? ', with failures' : ''}`;
  return html`<svg class="small-timeline" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    ${bands.map(({ startS, endS }) => html`<rect x="${px(x(startS))}" y="0" width="${px(x(endS) - x(startS))}" height="${HEIGHT}" class="band fault" />`)}
    <path class="line p95" d="${draw(minMax(pointsOf(column, series.fromS), BINS)) ?? ''}" />
    ${bad.length > 0 && html`<path class="bar answer" d="${bad.join('')}" />`}
  </svg>`;
}
