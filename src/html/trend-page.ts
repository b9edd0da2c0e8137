import type { Trend, TrendLine, TrendRun } from '../result/trend.js';
import { trendChart, type TrendPoint } from './charts/trend.js';
import { plainTable } from './charts/figure.js';
import { isWithoutData, shownPart, type ShownPart } from './drift-sign.js';
import { formatDrift, formatValue, plural, unbroken, type Unit } from './format.js';
import { clip, html, linkTo, name, type Markup } from './html.js';
import { page } from './page.js';
import { brand } from './sections/brand.js';
import { badge, icon } from './words.js';

/** So many runs of a scenario are shown, the newest. */
const MOST_RUNS = 60;

/**
 * How the runs of each scenario came out over time: their verdicts, and each part of each SLO with its interval against
 * its line. Asks for nothing, like a report; the same runs give the same bytes.
 *
 * @param unreadable What could not be read, each with its reason.
 */
export function renderTrends(trends: readonly Trend[], unreadable: readonly string[]): string {
  const count = trends.reduce((sum, { runs }) => sum + runs.length, 0);
  const title = `${plural(count, 'run')} of ${plural(trends.length, 'scenario')}`;
  return page(
    title,
    html`${brand()}
      <h1 class="index-title">${title}</h1>
      <p class="lead">
        From the oldest run on the left to the newest on the right. Each dot is what a run found, with its interval;
        what lies in the hatched part is over the line. A cross failed, an open dot was not decided.
      </p>
      ${
        unreadable.length > 0 &&
        html`<div class="note">
          <p><strong>${plural(unreadable.length, 'run')} could not be read</strong>, and is missing here:</p>
          <ul>
            ${unreadable.slice(0, 20).map((line) => html`<li>${clip(line, 300)}</li>`)}
          </ul>
        </div>`
      }
      ${trends.map(trendSection)}`,
  );
}

function trendSection({ scenario, runs, lines }: Trend, at: number): Markup {
  const from = Math.max(0, runs.length - MOST_RUNS);
  const shown = runs.slice(from);
  const id = `scenario-${at}`;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${name(scenario)}</h2>
    <p>${tally(runs)}${from > 0 && html`, of which the newest ${MOST_RUNS} are shown`}. The newest: ${newest(runs)}</p>
    <ol class="verdicts" aria-label="Verdicts, the oldest first">
      ${shown.map(runMark)}
    </ol>
    <div class="trends">${lines.map((line) => lineFigure({ ...line, points: line.points.slice(from) }))}</div>
    <details class="data">
      <summary>The runs as a table</summary>
      ${plainTable(
        `Runs of ${clip(scenario, 60)}`,
        ['Started (UTC)', 'Run', 'Branch', 'Commit', 'Verdict'],
        shown
          .toReversed()
          .map((run) => [
            started(run),
            named(run),
            clip(run.gitBranch ?? '–', 60),
            clip(run.gitCommit?.slice(0, 10) ?? '–', 12),
            html`${badge(run.verdict)} ${!run.cleanupProven && html`<strong>not proven to be put back</strong>`}`,
          ]),
      )}
    </details>
  </section>`;
}

const ORDER = ['failed', 'errored', 'aborted', 'inconclusive', 'passed'] as const;

function tally(runs: readonly TrendRun[]): string {
  const counts = ORDER.map((verdict) => [runs.filter((run) => run.verdict === verdict).length, verdict] as const);
  const parts = counts.filter(([count]) => count > 0).map(([count, verdict]) => `${count} ${verdict}`);
  return `${plural(runs.length, 'run')}: ${parts.join(', ')}`;
}

function newest(runs: readonly TrendRun[]): Markup {
  const last = runs.at(-1);
  if (!last) return html`none.`;
  return html`${badge(last.verdict)} ${named(last)}, ${started(last)} UTC. ${unbroken(clip(last.sentence, 300))}`;
}

function started({ startedAt }: TrendRun): string {
  return clip(startedAt.slice(0, 16).replace('T', ' '), 20);
}

function named({ id, report }: TrendRun): Markup {
  return report === undefined ? name(id, 40) : html`<a href="${linkTo(report)}">${name(id, 40)}</a>`;
}

function runMark(run: TrendRun): Markup {
  const words = `${run.verdict}, ${clip(run.id, 40)}, ${started(run)}`;
  // A fault that may still be active outweighs every verdict.
  const sign = icon(run.cleanupProven ? run.verdict : 'failed');
  return html`<li>
    ${
      run.report === undefined
        ? html`<span role="img" aria-label="${words}" title="${words}">${sign}</span>`
        : html`<a href="${linkTo(run.report)}" aria-label="${words}" title="${words}">${sign}</a>`
    }
  </li> `;
}

const PART_WORDS = { objective: 'objective', tolerance: 'drift', recovery: 'recovery' } as const;

function lineFigure(line: TrendLine): Markup {
  const points = line.points.map((point): TrendPoint | null =>
    point && !isWithoutData(point.judgement)
      ? { shown: shownPart(point.judgement, point.slo), verdict: point.judgement.verdict }
      : null,
  );
  const judged = line.points.filter((point) => point !== null);
  const last = line.points.findLast((point) => point !== null);
  const failed = judged.filter(({ judgement }) => judgement.verdict === 'failed').length;
  const finding = last
    ? `${inUnit(line, last.judgement.unit, shownPart(last.judgement, last.slo))}; failed in ${failed} of ${plural(judged.length, 'run')}`
    : 'never judged';
  const weight = line.severity === 'critical' ? '' : ` (${line.severity})`;
  return html`<figure>
    <figcaption>
      <strong>${name(line.slo, 60)}</strong> ${PART_WORDS[line.part]}${weight}
      <span class="muted block">${finding}</span>
    </figcaption>
    ${trendChart(points, clip(`${line.slo}, ${PART_WORDS[line.part]}: ${finding}`, 300))}
  </figure>`;
}

/** `last +12 ms, tolerance +50 ms`. */
function inUnit({ part }: TrendLine, unit: Unit, { value, limit, badBelow }: ShownPart): string {
  const show = (number: number | null): string =>
    part === 'tolerance' ? formatDrift(number, unit) : formatValue(number, unit);
  const line = part === 'tolerance' ? 'tolerance' : part === 'recovery' ? 'allowed' : badBelow ? 'at least' : 'at most';
  return `last ${show(value)}, ${line} ${show(limit)}`;
}
