import type { RunResult } from '../../result/schema.js';
import type { Estimate, PartJudgement, SloJudgement } from '../../verdict/judgement.js';
import { driftBar } from '../charts/drift.js';
import { formatDrift, formatValue } from '../format.js';
import { clip, html, name, type Content, type Markup } from '../html.js';
import { badge } from '../words.js';

/** The SLO table: each part of each SLO with its interval against its line, the verdict, and why. */
export function sloSection(result: RunResult): Markup {
  return html`<section aria-labelledby="slos">
    <h2 id="slos">Service levels</h2>
    ${
      result.slos.length === 0
        ? html`<p>No SLO was judged.</p>`
        : html`<p class="lead">
              Each bar shows the estimate with its interval against the line it is held to. What lies in the hatched
              part is over the line.
            </p>
            <table class="slos" role="table">
              <thead role="rowgroup">
                <tr role="row">
                  ${['SLO', 'Baseline', 'Under fault', 'Against the line', 'Verdict'].map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}
                </tr>
              </thead>
              <tbody role="rowgroup">
                ${result.slos.map(sloRow)}
              </tbody>
            </table>`
    }
    ${result.invariants.length > 0 && invariants(result.invariants)}
  </section>`;
}

function sloRow(slo: SloJudgement): Markup {
  return html`<tr role="row" class="${slo.severity}">
    <th scope="row" role="rowheader">
      <span class="slo-name">${name(slo.name)}</span
      ><span class="muted"
        >${clip(slo.indicatorText, 60)}${slo.request !== undefined && html` of ${name(slo.request, 40)}`}${slo.stream !== undefined && html`, stream ${name(slo.stream, 40)}`}</span
      >${slo.severity !== 'critical' && html`<span class="severity">${slo.severity}: ${slo.severity === 'warning' ? 'counted, does not decide' : 'shown, decides nothing'}</span>`}
    </th>
    ${cell('Baseline', windowValue(slo.windows.baseline, slo.unit))}
    ${cell('Under fault', windowValue(slo.windows.fault, slo.unit))}
    ${cell('Against the line', html`<div class="parts">${slo.parts.map((part) => partCell(part, slo))}</div>`)}
    ${cell('Verdict', html`${badge(slo.verdict)}${why(slo)}`)}
  </tr> `;
}

function cell(label: string, content: Content): Markup {
  return html`<td role="cell" data-label="${label}">${content}</td>`;
}

function windowValue(estimate: Estimate | undefined, unit: SloJudgement['unit']): Markup {
  if (estimate === undefined) return html`<span class="muted">–</span>`;
  const interval =
    estimate.low === null && estimate.high === null
      ? ''
      : html`<span class="muted interval"
          >${formatValue(estimate.low, unit)} … ${formatValue(estimate.high, unit)}</span
        >`;
  return html`<span class="value">${estimate.value === null ? 'not reached' : formatValue(estimate.value, unit)}</span
    >${interval}`;
}

const PART_WORDS = { objective: 'objective', tolerance: 'drift', recovery: 'recovery' } as const;

function partCell(part: PartJudgement, slo: SloJudgement): Markup {
  const value = partText(part, part.estimate.value);
  const limit = limitText(part, slo);
  const words = `${PART_WORDS[part.part]} ${value}, interval ${partText(part, part.estimate.low)} to ${partText(part, part.estimate.high)}, ${limit}: ${part.verdict}`;
  return html`<div class="part">
    ${driftBar(part, isFloor(slo, part), clip(words, 300))}<span class="part-words"
      ><strong>${PART_WORDS[part.part]} ${value}</strong>, ${limit}</span
    >
  </div>`;
}

function partText(part: PartJudgement, value: number | null): string {
  if (part.part === 'tolerance') return formatDrift(value, part.unit);
  return formatValue(value, part.unit);
}

function limitText(part: PartJudgement, slo: SloJudgement): string {
  switch (part.part) {
    case 'objective':
      return `${isFloor(slo, part) ? 'at least' : 'at most'} ${formatValue(part.limit, part.unit)}`;
    case 'tolerance':
      return `tolerance ${formatDrift(part.limit, part.unit)}`;
    case 'recovery':
      return `allowed ${formatValue(part.limit, part.unit)}`;
  }
}

/** Is the line a floor, so that what lies below it is bad? */
function isFloor(slo: SloJudgement, part: PartJudgement): boolean {
  return part.part === 'objective' && slo.objectiveText?.trim().startsWith('>') === true;
}

/** Reasons and warnings in words; for a plain verdict the sentence with its numbers. */
function why(slo: SloJudgement): Markup {
  const notes = [...slo.reasons, ...slo.warnings];
  const decided = slo.verdict === 'failed' || slo.reasons.length === 0;
  return html`${decided && html`<span class="because">${clip(slo.sentence, 400)}</span>`}${notes.map(
    (note) =>
      html`<span class="because"
        ><code>${note.code}</code>
        ${clip(note.message, 400)}${note.hint !== undefined && html`. <em>${clip(note.hint, 300)}</em>`}</span
      >`,
  )}`;
}

function invariants(list: RunResult['invariants']): Markup {
  return html`<h3 id="invariants">Invariants</h3>
    <ul class="invariants">
      ${list.map((invariant) => {
        const state = invariant.held === null ? 'inconclusive' : invariant.held ? 'passed' : 'failed';
        const word = invariant.held === null ? 'not checked' : invariant.held ? 'held' : 'violated';
        return html`<li>
          ${badge(state, word)} <strong>${name(invariant.name)}</strong>:
          ${clip(invariant.message, 400)}${invariant.held === false && html` <span class="because">expected <code>${clip(invariant.expected, 300)}</code>, found <code>${clip(invariant.found, 300)}</code></span>`}
        </li>`;
      })}
    </ul>`;
}
