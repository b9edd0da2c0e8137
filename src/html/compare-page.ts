import type { RunComparison, SloComparison } from '../result/compare.js';
import type { RunResult, Series } from '../result/schema.js';
import type { Estimate } from '../verdict/judgement.js';
import { percentilePlot } from './charts/distribution.js';
import { driftBar } from './charts/drift.js';
import { figure } from './charts/figure.js';
import { highest, NARROW, rankedColumn } from './charts/geometry.js';
import { timeline } from './charts/timeline.js';
import { formatDrift, formatValue, unbroken } from './format.js';
import { clip, html, name, type Content, type Markup } from './html.js';
import { pair, sloCell, sloTable } from './parts.js';
import { page } from './page.js';
import { brand } from './sections/brand.js';
import { limitsOf } from './sections/timelines.js';
import { badge, icon, PROOF_STATES } from './words.js';

/** Two runs as people need them to look at a comparison: the results that `compareRuns` was given. */
export interface ComparedResults {
  run: RunResult;
  baseline: RunResult;
}

/**
 * A comparison as one page: is this run worse, by how much, and both runs beside each other on the same scales. It asks
 * for nothing, like a report, and the same comparison gives the same bytes.
 */
export function renderComparison(comparison: RunComparison, results: ComparedResults): string {
  const title = `${comparison.verdict}: ${clip(comparison.run.scenario, 80)} compared`;
  return page(
    title,
    html`${brand()} ${head(comparison)} ${slos(comparison)} ${differences(comparison)} ${faults(results)}
    ${timelines(results)} ${distributions(results)}`,
  );
}

const ANSWERS = {
  passed: 'No worse than the baseline run',
  failed: 'Worse than the baseline run',
  inconclusive: 'Not decided',
} as const;

function head({ verdict, sentence, run, baseline }: RunComparison): Markup {
  return html`<header class="verdict ${verdict}">
    <p class="scenario">${name(run.scenario)}</p>
    <h1 class="answer-title">${icon(verdict, true)}<span>${ANSWERS[verdict]}</span></h1>
    <p class="why">${unbroken(clip(sentence.slice(0, 1).toUpperCase() + sentence.slice(1), 900))}.</p>
    <dl class="facts">${pair('This run', aboutRun(run))} ${pair('Baseline run', aboutRun(baseline))}</dl>
  </header>`;
}

function aboutRun({ id, startedAt, verdict, gitBranch, gitCommit }: RunComparison['run']): Markup {
  const where = [
    gitBranch === undefined ? '' : ` on ${gitBranch}`,
    gitCommit === undefined ? '' : ` at ${gitCommit.slice(0, 10)}`,
  ];
  return html`${name(id, 40)}${clip(where.join(''), 120)}, ${clip(startedAt.slice(0, 16).replace('T', ' '), 20)} UTC,
  ${badge(verdict)}`;
}

/** What decides and is worse comes first. */
function slos({ slos: compared }: RunComparison): Markup {
  const rank = ({ severity, verdict }: SloComparison): number =>
    3 * ['critical', 'warning', 'info'].indexOf(severity) + ['failed', 'inconclusive', 'passed'].indexOf(verdict);
  return html`<section aria-labelledby="slos">
    <h2 id="slos">Service levels</h2>
    <p class="lead">
      How far each SLO drifted from its own run's baseline window under fault, counted so that more is worse; so a
      slower machine alone is no difference. The bar shows the difference of both drifts with its interval (95 % sure at
      each end); what lies in the hatched part is more than the margin allows.
    </p>
    ${
      compared.length === 0
        ? html`<p>This run judged no SLO.</p>`
        : sloTable(
            ['SLO', 'Baseline run', 'This run', 'Difference', 'Verdict'],
            compared.toSorted((a, b) => rank(a) - rank(b)).map(sloRow),
          )
    }
  </section>`;
}

function sloRow(slo: SloComparison): Markup {
  const [reason] = slo.reasons;
  const { low } = slo.difference;
  return html`<tr role="row" class="${slo.severity}">
    <th scope="row" role="rowheader">
      <span class="slo-name">${name(slo.name)}</span
      ><span class="muted">${slo.what === 'drift' ? 'drift under fault' : 'level under fault, no tolerance'}</span
      >${slo.severity !== 'critical' && html`<span class="severity">${slo.severity}</span>`}
    </th>
    ${sloCell('Baseline run', measured(slo, slo.baseline))} ${sloCell('This run', measured(slo, slo.run))}
    ${sloCell('Difference', difference(slo))}
    ${sloCell('Verdict', html`${badge(slo.verdict)}${slo.direction !== 'same' && html`<span class="because">${slo.direction} beyond doubt${slo.direction === 'worse' && low !== null && `, by at least ${formatDrift(low, slo.unit).slice(1)}`}</span>`}${reason !== undefined && html`<span class="because"><code>${reason.code}</code> ${unbroken(clip(reason.message, 300))}</span>`}`)}
  </tr> `;
}

function measured({ what, unit }: SloComparison, { value, low, high }: Estimate): Markup {
  // A level where more is better is kept negative, so that more is worse; people read it as it is.
  const show = (number: number | null): string =>
    what === 'drift' ? formatDrift(number, unit) : formatValue(number === null ? null : Math.abs(number), unit);
  if (value === null && low === null && high === null) return html`<span class="muted">–</span>`;
  const ends = what === 'level' && (value ?? 0) < 0 ? [high, low] : [low, high];
  return html`<span class="value">${show(value)}</span
    ><span class="muted interval">${show(ends[0] ?? null)} … ${show(ends[1] ?? null)}</span>`;
}

function difference(slo: SloComparison): Markup {
  const { value, low, high } = slo.difference;
  if (value === null) return html`<span class="muted">cannot be compared</span>`;
  const words = `${formatDrift(value, slo.unit)}, interval ${formatDrift(low, slo.unit)} to ${formatDrift(high, slo.unit)}`;
  if (slo.margin === null) return html`<span class="part-words"><strong>${words}</strong>, decides nothing</span>`;
  const margin = `at most ${formatDrift(slo.margin, slo.unit)} allowed`;
  const shown = { value, low, high, limit: slo.margin, badBelow: false };
  return html`<div class="part">
    ${driftBar({ part: 'tolerance', verdict: slo.verdict }, shown, clip(`difference ${words}, ${margin}: ${slo.verdict}`, 300))}<span
      class="part-words"
      ><strong>${formatDrift(value, slo.unit)}</strong>, ${margin}</span
    >
  </div>`;
}

function differences({ warnings }: RunComparison): Markup {
  return html`<section aria-labelledby="else">
    <h2 id="else">What else differs</h2>
    ${
      warnings.length === 0
        ? html`<p>Nothing that was recorded: the same scenario file, machine and versions.</p>`
        : html`<p class="lead">Any of these may explain a difference.</p>
            <ul class="warnings">
              ${warnings.map(({ code, message }) => html`<li><code>${code}</code> ${clip(message, 400)}</li>`)}
            </ul>`
    }
  </section>`;
}

/** Both runs beside each other; below each other where there is no room. */
function sideBySide(results: ComparedResults, content: (result: RunResult) => Content): Markup {
  return html`<div class="pair">
    ${(['baseline', 'run'] as const).map(
      (which) =>
        html`<div>
          <h3>
            ${which === 'run' ? 'This run' : 'Baseline run'}
            <span class="muted">${name(results[which].run.id, 40)}</span>
          </h3>
          ${content(results[which])}
        </div>`,
    )}
  </div>`;
}

function faults(results: ComparedResults): Markup {
  return html`<section aria-labelledby="faults">
    <h2 id="faults">What was broken</h2>
    ${sideBySide(results, (result) =>
      result.faults.length === 0
        ? html`<p>Nothing was broken.</p>`
        : html`<ul class="undo">
            ${result.faults.map(({ title, proof }) => html`<li>${icon(proof ? PROOF_STATES[proof.status] : 'inconclusive')} ${clip(title, 200)}: ${proof?.status ?? 'not proven'}</li>`)}
          </ul>`,
    )}
  </section>`;
}

function timelines(results: ComparedResults): Markup {
  const streams = [...new Set([...results.baseline.series, ...results.run.series].map(({ stream }) => stream))];
  return html`<section aria-labelledby="timeline">
    <h2 id="timeline">Timelines</h2>
    <p class="lead">Response times of both runs are drawn on the same scale.</p>
    ${streams.map((stream) => {
      const seriesOf = (result: RunResult): Series | undefined =>
        result.series.find((series) => series.stream === stream);
      const peakS = Math.max(
        ...[results.run, results.baseline].map((result) => {
          const series = seriesOf(result);
          return series ? highest([rankedColumn(series.p99S, series, 0.99)]) : 0;
        }),
      );
      return html`<h3>${name(stream, 60)}</h3>
        ${sideBySide(results, (result) => {
          const series = seriesOf(result);
          if (!series) return html`<p>It had no such stream.</p>`;
          const limits = limitsOf(result, series);
          return figure({
            label: `Timeline of ${clip(stream, 60)} in run ${clip(result.run.id, 40)}`,
            caption: '',
            draw: () => timeline(result, { series, limits, peakS }, NARROW),
          });
        })}`;
    })}
  </section>`;
}

function distributions({ run, baseline }: ComparedResults): Markup {
  const under = (result: RunResult, stream: string): RunResult['distribution'][number] | undefined =>
    result.distribution.find((row) => row.window === 'fault' && row.stream === stream);
  const streams = run.series
    .map(({ stream }) => stream)
    .filter((stream) => under(run, stream) && under(baseline, stream));
  return html`<section aria-labelledby="distribution">
    <h2 id="distribution">Response times under fault</h2>
    ${streams.length === 0 && html`<p>No stream has response times under fault in both runs.</p>`}
    ${streams.map((stream) => {
      const rows = [
        { ...under(baseline, stream)!, window: 'baseline' as const, label: 'baseline' },
        { ...under(run, stream)!, label: 'this run' },
      ];
      const p95 = rows.map(({ allS, quantiles }) => formatValue(allS[quantiles.indexOf(0.95)], 'seconds'));
      return figure({
        label: `Response times of ${clip(stream, 60)} under fault in both runs, by share of arrivals`,
        caption: html`<strong>${name(stream, 60)}</strong>: p95 under fault was ${p95[0]} in the baseline run and
          ${p95[1]} in this one.`,
        draw: (frame) => percentilePlot(rows, frame),
      });
    })}
  </section>`;
}
