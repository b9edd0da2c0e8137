import type { RunResult } from '../../result/schema.js';
import type { Estimate, PartJudgement, SloJudgement } from '../../verdict/judgement.js';
import { driftBar } from '../charts/drift.js';
import { isWithoutData, shownPart, type ShownPart } from '../drift-sign.js';
import { formatDrift, formatValue, unbroken } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';
import { sloCell, sloTable } from '../parts.js';
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
            ${sloTable(['SLO', 'Baseline', 'Under fault', 'Against the line', 'Verdict'], worstFirst(result.slos).map(sloRow))}`
    }
    ${result.invariants.length > 0 && invariants(result.invariants)}
  </section>`;
}

const VERDICT_ORDER = ['failed', 'inconclusive', 'passed'];
const SEVERITY_ORDER = ['critical', 'warning', 'info'];

/** What decides the run and is broken comes first: with thirty SLOs nobody should have to look for it. */
function worstFirst(slos: readonly SloJudgement[]): SloJudgement[] {
  const rank = ({ severity, verdict }: SloJudgement): number =>
    VERDICT_ORDER.indexOf(verdict) + VERDICT_ORDER.length * SEVERITY_ORDER.indexOf(severity);
  return slos.toSorted((a, b) => rank(a) - rank(b));
}

function sloRow(slo: SloJudgement): Markup {
  return html`<tr role="row" class="${slo.severity}">
    <th scope="row" role="rowheader">
      <span class="slo-name">${name(slo.name)}</span
      ><span class="muted"
        >${clip(slo.indicatorText, 60)}${slo.request !== undefined && html` of ${name(slo.request, 40)}`}${slo.stream !== undefined && html`, stream ${name(slo.stream, 40)}`}</span
      >${slo.severity !== 'critical' && html`<span class="severity">${slo.severity}: ${slo.severity === 'warning' ? 'counted, does not decide' : 'shown, decides nothing'}</span>`}
    </th>
    ${sloCell('Baseline', windowValue(slo.windows.baseline, slo.unit))}
    ${sloCell('Under fault', windowValue(slo.windows.fault, slo.unit))}
    ${sloCell('Against the line', html`<div class="parts">${slo.parts.map((part) => partCell(part, slo))}</div>`)}
    ${sloCell('Verdict', html`${badge(slo.verdict)}${why(slo)}`)}
  </tr> `;
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
  const shown = shownPart(part, slo);
  const limit = limitText(part, shown);
  if (isWithoutData(part)) {
    return html`<div class="part">
      <span class="part-words"><strong>${PART_WORDS[part.part]}</strong> ${limit}: no data</span>
    </div>`;
  }
  const value = partText(part, shown.value);
  const words = `${PART_WORDS[part.part]} ${value}, interval ${partText(part, shown.low)} to ${partText(part, shown.high)}, ${limit}: ${part.verdict}`;
  return html`<div class="part">
    ${driftBar(part, shown, clip(words, 300))}<span class="part-words"
      ><strong>${PART_WORDS[part.part]} ${value}</strong>, ${limit}</span
    >
  </div>`;
}

function partText(part: PartJudgement, value: number | null): string {
  if (part.part === 'tolerance') return formatDrift(value, part.unit);
  return formatValue(value, part.unit);
}

function limitText(part: PartJudgement, { limit, badBelow }: ShownPart): string {
  switch (part.part) {
    case 'objective':
      return `${badBelow ? 'at least' : 'at most'} ${formatValue(limit, part.unit)}`;
    case 'tolerance':
      return `tolerance ${formatDrift(limit, part.unit)}`;
    case 'recovery':
      return `allowed ${formatValue(limit, part.unit)}`;
  }
}

/**
 * For a plain verdict the sentence with its numbers; for an open one its first reason, which explains the others, and
 * those folded away, so that a table of many SLOs can be read.
 */
function why(slo: SloJudgement): Markup {
  const decided = slo.verdict === 'failed' || slo.reasons.length === 0;
  const [first, ...others] = [...slo.reasons, ...slo.warnings];
  return html`${decided && html`<span class="because">${unbroken(clip(withoutName(slo), 400))}</span>`}${first !== undefined && note(first)}${
    others.length > 0 &&
    html`<details class="data more">
      <summary>${others.length} more</summary>
      ${others.map(note)}
    </details>`
  }`;
}

function note({ code, message, hint }: SloJudgement['reasons'][number]): Markup {
  return html`<span class="because"
    ><code>${code}</code>
    ${unbroken(clip(message, 400))}${hint !== undefined && html`. <em>${unbroken(clip(hint, 300))}</em>`}</span
  >`;
}

/** The row has the name already. */
function withoutName({ name: own, sentence }: SloJudgement): string {
  return sentence.startsWith(`${own} `) ? sentence.slice(own.length + 1) : sentence;
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
