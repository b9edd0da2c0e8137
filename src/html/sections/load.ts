import { OUTCOMES } from '../../record/outcomes.js';
import type { LedgerRow, RunResult } from '../../result/schema.js';
import { dataTable, figure, plainTable } from '../charts/figure.js';
import { percentilePlot, quantileLabel } from '../charts/distribution.js';
import { formatCount, formatValue } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';
import { OUTCOME_WORDS } from '../words.js';

/** Where each scheduled arrival went: scheduled is the sum of the outcomes, per window and request. */
export function ledgerSection(result: RunResult): Markup {
  const used = OUTCOMES.filter((outcome) => result.ledger.some((row) => (row.outcomes[outcome] ?? 0) > 0));
  const rows = result.ledger
    .filter((row) => row.window === 'run' || row.scheduled > 0)
    .toSorted((a, b) => orderOf(a, result) - orderOf(b, result));
  const cutShort = !result.run.complete || result.verdict === 'aborted' || result.verdict === 'errored';
  const missing = (['baseline', 'fault', 'recovery'] as const).filter(
    (kind) => !result.windows.some(({ window }) => window === kind),
  );
  const wrong = rows.filter(
    (row) => row.scheduled !== Object.values(row.outcomes).reduce((sum, count) => sum + count, 0),
  );
  return html`<section aria-labelledby="ledger">
    <h2 id="ledger">Ledger</h2>
    ${
      rows.length === 0
        ? html`<p>No arrival was scheduled.</p>`
        : html`<p class="lead">
              Every scheduled arrival ends in exactly one outcome.
              ${wrong.length === 0 ? 'All rows add up.' : `${wrong.length} rows do NOT add up.`}
              ${cutShort && missing.length > 0 && `The run ended before it came to its ${missing.join(' and its ')} window.`}
            </p>
            ${plainTable(
              'Ledger',
              ['Stream', 'Request', 'Window', 'Scheduled', ...used.map((outcome) => OUTCOME_WORDS[outcome])],
              rows.map((row) => [
                name(row.stream, 40),
                row.request === undefined ? html`<span class="muted">all</span>` : name(row.request, 40),
                row.window === 'run' ? 'whole run' : row.window === 'none' ? 'between windows' : row.window,
                formatCount(row.scheduled),
                ...used.map((outcome) => formatCount(row.outcomes[outcome] ?? 0)),
              ]),
            )}`
    }
  </section>`;
}

const WINDOWS = ['run', 'baseline', 'fault', 'recovery', 'none'];

function orderOf(row: LedgerRow, result: RunResult): number {
  const stream = result.series.findIndex((series) => series.stream === row.stream);
  return stream * 1000 + WINDOWS.indexOf(row.window) * 10 + (row.request === undefined ? 0 : 1);
}

/** Baseline against fault over all shares of arrivals, out to the slowest that this many arrivals can tell. */
export function distributionSection(result: RunResult): Markup {
  const streams = [...new Set(result.distribution.map((row) => row.stream))];
  return html`<section aria-labelledby="distribution">
    <h2 id="distribution">Response times</h2>
    ${streams.length === 0 && html`<p>No response time was recorded.</p>`}
    ${streams.map((stream) => {
      const rows = result.distribution.filter((row) => row.stream === stream);
      const finding = distributionFinding(rows);
      return html`<h3>${name(stream, 60)}</h3>
        ${figure({
          label: `Response times of ${clip(stream, 60)}: ${finding}`,
          caption: finding,
          draw: (frame) => percentilePlot(rows, frame),
          table: distributionTable(stream, rows),
        })}`;
    })}
  </section>`;
}

type Row = RunResult['distribution'][number];

function distributionFinding(rows: readonly Row[]): string {
  const at = (window: string, quantile: number): string | undefined => {
    const row = rows.find((item) => item.window === window);
    const value = row?.allS[row.quantiles.indexOf(quantile)];
    return value === undefined ? undefined : value === null ? 'no answer at all' : formatValue(value, 'seconds');
  };
  const parts = [
    { words: 'Half of the arrivals took at most', quantile: 0.5 },
    { words: '99 % at most', quantile: 0.99 },
  ].map(({ words, quantile }) => {
    const baseline = at('baseline', quantile);
    const fault = at('fault', quantile);
    return [
      words,
      baseline !== undefined && `${baseline} in the baseline`,
      fault !== undefined && `and ${fault} under fault`,
    ]
      .filter(Boolean)
      .join(' ');
  });
  return `${parts.join('; ')}. Arrivals that failed rank above all others.`;
}

function distributionTable(stream: string, rows: readonly Row[]): Markup {
  const quantiles = rows[0]?.quantiles ?? [];
  return dataTable(
    `Data of ${clip(stream, 60)}: response time at each share`,
    ['Share', ...rows.flatMap((row) => [`${row.window}, all`, `${row.window}, ok only`])],
    quantiles.map((quantile, at) => [
      quantileLabel(quantile),
      ...rows.flatMap((row) => [row.allS, row.okS].map((column) => formatValue(column[at], 'seconds'))),
    ]),
  );
}

/** The slowest and the failed arrivals, with what is needed to find them in the system's own traces. */
export function sampleSection(result: RunResult): Markup {
  const { samples } = result;
  return html`<section aria-labelledby="samples">
    <h2 id="samples">Slowest and failed arrivals</h2>
    ${
      samples.length === 0
        ? html`<p>No sample was kept.</p>`
        : html`<p class="lead">
              Each carried its trace id to the system in <code>traceparent</code>; look it up in your traces and logs.
            </p>
            ${plainTable(
              'Slowest and failed arrivals',
              ['Due', 'Kind', 'Request', 'Outcome', 'Response time', 'Window', 'Trace id'],
              samples
                .slice(0, 60)
                .map((sample) => [
                  `${sample.dueS.toFixed(3)} s`,
                  sample.kind,
                  html`${name(sample.request, 40)} <span class="muted">${name(sample.stream, 40)}</span>`,
                  `${OUTCOME_WORDS[sample.outcome]}${sample.status > 0 ? ` (${sample.status})` : ''}`,
                  formatValue(sample.responseS, 'seconds'),
                  sample.window === 'none' ? 'between windows' : sample.window,
                  sample.traceId === undefined ? '–' : html`<code>${clip(sample.traceId, 40)}</code>`,
                ]),
            )}`
    }
  </section>`;
}
