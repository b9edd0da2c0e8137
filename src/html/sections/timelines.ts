import type { RunResult, Series } from '../../result/schema.js';
import { dataTable, figure } from '../charts/figure.js';
import { failureStretches, rankedColumn } from '../charts/geometry.js';
import { OUTCOME_GROUPS, badBars } from '../charts/outcome-bars.js';
import { timeline, type LimitLine } from '../charts/timeline.js';
import { clockTime, formatCount, formatValue, plural } from '../format.js';
import { clip, html, name, type Content, type Markup } from '../html.js';

/** One timeline a stream: phases, faults, response times, rates and what was not ok, along one axis. */
export function timelineSection(result: RunResult): Markup {
  return html`<section aria-labelledby="timeline">
    <h2 id="timeline">Timeline</h2>
    ${result.series.length === 0 ? html`<p>No arrival was recorded.</p>` : result.series.map((series, at) => streamFigure(result, series, at))}
    ${result.marks.length > 0 && marks(result)}
  </section>`;
}

function streamFigure(result: RunResult, series: Series, at: number): Markup {
  const limits = limitsOf(result, series);
  const finding = findingOf(result, series);
  const group = `scale-${at}`;
  return html`<div class="scaled">
    <h3>${name(series.stream, 60)} <span class="muted">${series.model} model</span></h3>
    <fieldset class="scale">
      <legend>Response time axis</legend>
      <label><input type="radio" name="${group}" value="linear" class="linear-on" checked /> linear</label
      ><label><input type="radio" name="${group}" value="log" class="log-on" /> log</label>
    </fieldset>
    ${figure({
      label: `Timeline of ${clip(series.stream, 60)}: ${finding}`,
      caption: finding,
      draw: (frame) => timeline(result, { series, limits }, frame),
      legend: legendOf(series),
    })}
    ${seriesTable(series)}
  </div>`;
}

/** Objectives in seconds that speak of this stream, as lines for its response times. */
export function limitsOf(result: RunResult, series: Series): LimitLine[] {
  return result.slos
    .filter((slo) => slo.unit === 'seconds' && speaksOf(slo, series, result))
    .flatMap((slo) =>
      slo.parts
        .filter((part) => part.part === 'objective' && part.unit === 'seconds')
        .map((part) => ({
          valueS: part.limit,
          label: `objective of ${clip(slo.name, 24)}: ${formatValue(part.limit, 'seconds')}`,
        })),
    )
    .slice(0, 2);
}

/** By its stream, or its request, or, with neither, because it means all open-model streams. */
function speaksOf(slo: RunResult['slos'][number], series: Series, result: RunResult): boolean {
  if (slo.stream !== undefined) return slo.stream === series.stream;
  const rows = result.ledger.filter((row) => row.request !== undefined && row.request === slo.request);
  return rows.length > 0 ? rows.some((row) => row.stream === series.stream) : series.model === 'open';
}

/** `p95 went from 41 ms to 196 ms under fault and 45 ms in recovery; 2 of 13,500 arrivals were not ok.` */
function findingOf(result: RunResult, series: Series): string {
  const p95 = (window: string): number | null | undefined => {
    const row = result.distribution.find((item) => item.window === window && item.stream === series.stream);
    return row?.allS[row.quantiles.indexOf(0.95)];
  };
  const values = (['baseline', 'fault', 'recovery'] as const).flatMap((window) => {
    const value = p95(window);
    return value === undefined ? [] : [{ window, text: value === null ? 'a failure' : formatValue(value, 'seconds') }];
  });
  const total = series.scheduled.reduce((sum, count) => sum + count, 0);
  const bad = total - series.ok.reduce((sum, count) => sum + count, 0);
  const [first, ...rest] = values;
  const latency =
    first === undefined
      ? ''
      : `p95 was ${first.text} in the ${first.window === 'fault' ? 'fault window' : first.window}${rest.map(({ window, text }) => `, ${text} ${window === 'fault' ? 'under fault' : 'in the recovery'}`).join('')}; `;
  const failures =
    bad <= 0
      ? `every one of ${plural(total, 'arrival')} was ok`
      : `${formatCount(bad)} of ${plural(total, 'arrival')} ${bad === 1 ? 'was' : 'were'} not ok`;
  const text = `${latency}${failures}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function legendOf(series: Series): Content {
  const bars = badBars(series, Infinity);
  const lost = failureStretches(series, 0.99).length > 0;
  const groups = OUTCOME_GROUPS.filter(({ key }) => bars.some(({ counts }) => (counts[key] ?? 0) > 0));
  return html`<ul>
    ${(['p50', 'p95', 'p99'] as const).map((key) => item(html`<path d="M1 7h24" class="line ${key}" />`, key))}
    ${item(html`<path d="M1 7h24" class="line offered" />`, 'offered')}
    ${item(html`<path d="M1 7h24" class="line good" />`, 'answered well')}
    ${lost && item(html`<path d="M1 4h24M1 8h24" class="lost p95" />`, 'so many failed that the percentile is a failure')}
    ${groups.map(({ key, words }) => item(html`<rect x="6" y="1" width="13" height="12" class="bar ${key}" />`, words))}
    ${item(html`<rect x="1" y="2" width="24" height="10" rx="2" class="fault-bar" />`, 'fault active')}
  </ul>`;
}

function item(sample: Markup, words: string): Markup {
  return html`<li>
    <svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true" focusable="false">${sample}</svg>${words}
  </li>`;
}

const ROWS = 60;

/** At most 60 rows: for each stretch the highest second of each percentile, which is what a reader looks for. */
function seriesTable(series: Series): Markup {
  const seconds = series.scheduled.length;
  const size = Math.max(1, Math.ceil(seconds / ROWS));
  const columns = [
    rankedColumn(series.p50S, series, 0.5),
    rankedColumn(series.p95S, series, 0.95),
    rankedColumn(series.p99S, series, 0.99),
  ];
  const lostAll = (column: readonly (number | null)[], from: number, scheduled: number): boolean =>
    scheduled > 0 && column.slice(from, from + size).every((value) => value === null);
  const rows: Content[][] = [];
  for (let from = 0; from < seconds; from += size) {
    const cut = <T>(column: readonly T[]): T[] => column.slice(from, from + size);
    const scheduled = sum(cut(series.scheduled));
    const ok = sum(cut(series.ok));
    const worst = (column: readonly (number | null)[]): string => {
      const values = cut(column).filter((value): value is number => value !== null);
      return values.length === 0 ? '–' : formatValue(Math.max(...values), 'seconds');
    };
    rows.push([
      clockTime(series.fromS + from),
      formatCount(scheduled),
      formatCount(scheduled - ok),
      ...columns.map((column) => (lostAll(column, from, scheduled) ? 'failed' : worst(column))),
      worst(series.maxS),
    ]);
  }
  const title = `Data of ${clip(series.stream, 60)}, ${size === 1 ? 'second by second' : `${size} s a row; response times are those of the worst second`}`;
  return dataTable(title, ['From', 'Arrivals', 'Not ok', 'p50', 'p95', 'p99', 'Slowest'], rows);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const MARK_WORDS = { breached: '▼ over the line', recovered: '▲ back', stop: '■ stopped' } as const;

function marks(result: RunResult): Markup {
  return html`<p class="lead">Marks seen live (indications, never the verdict):</p>
    <ul class="marks">
      ${result.marks
        .toSorted((a, b) => a.atS - b.atS)
        .slice(0, 40)
        .map(
          (mark) =>
            html`<li>
              <span class="when">${clockTime(mark.atS)}</span>
              <strong>${MARK_WORDS[mark.kind]}</strong> ${clip(mark.message, 300)}
            </li>`,
        )}
    </ul>`;
}
