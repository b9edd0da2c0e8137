import type { Proof } from '../../record/proof.js';
import { inFlightText } from '../../result/in-flight.js';
import type { FaultResult, RunResult } from '../../result/schema.js';
import { formatMoment } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';
import { pair } from '../parts.js';
import { PROOF_STATES, badge } from '../words.js';

/** What was broken: how each fault was proven and undone, with the evidence. */
export function faultSection(result: RunResult): Markup {
  return html`<section aria-labelledby="faults">
    <h2 id="faults">Faults, and how they were undone</h2>
    ${result.faults.length === 0 ? html`<p>${result.verdict === 'errored' ? 'The run ended before its faults were planned.' : 'The run had no fault.'}</p>` : result.faults.map(faultCard)}
  </section>`;
}

function faultCard(fault: FaultResult): Markup {
  return html`<article class="fault">
    <h3>${name(fault.id, 20)} ${name(fault.title, 60)} <code>${clip(fault.type, 60)}</code></h3>
    <p>${clip(fault.summary, 400)}</p>
    ${fault.error !== undefined && html`<p class="note"><strong>Error</strong> <code>${clip(fault.error.code, 60)}</code> ${clip(fault.error.message, 400)}</p>`}
    <dl class="pairs">
      ${pair('Hits', fault.targets.length === 0 ? '–' : fault.targets.map((target) => html`<span class="block">${target.kind} ${name(target.name, 60)} <span class="muted">${clip(target.detail, 200)}</span></span>`))}
      ${pair('Settings', html`<code>${clip(settingsText(fault.settings), 600)}</code>`)}
      ${pair('Took effect', proofText(fault.proof, fault.requestedS === null ? 'never injected' : 'no proof'))}
      ${fault.inFlight !== undefined && pair('In flight when it was ordered', inFlightText(fault) ?? '')}
      ${pair('Undone', proofText(fault.undoProof, fault.requestedS === null ? 'nothing to undo' : 'no proof'))}
    </dl>
    ${steps(fault)} ${undoLog(fault)}
  </article>`;
}

function proofText(proof: Proof | null, missing: string): Markup {
  if (proof === null) return html`<span class="muted">${missing}</span>`;
  const figures = Object.entries(proof.measured);
  return html`${badge(PROOF_STATES[proof.status], proof.status)} ${clip(proof.finding, 500)}
    <span class="muted block"
      >Measured by
      ${clip(proof.method, 300)}${figures.length > 0 && html`: ${figures.slice(0, 20).map(([key, value], at) => html`${at > 0 && ', '}<code>${clip(key, 40)} ${clip(String(value), 60)}</code>`)}`}</span
    >`;
}

function steps(fault: FaultResult): Markup {
  const moments: [string, number | null][] = [
    ['ordered', fault.requestedS],
    ['injected', fault.injectedS],
    ['proven', fault.provenS],
    ['undo ordered', fault.undoRequestedS],
    ['undo done', fault.undoDoneS],
    ['undo proven', fault.undoProvenS],
  ];
  return html`<ol class="steps">
    ${moments.map(([word, at]) => html`<li class="${at === null ? 'missing' : 'reached'}"><span>${word}</span> <span class="when">${formatMoment(at)}</span></li>`)}
  </ol>`;
}

const UNDO_STATES = {
  pending: ['inconclusive', 'not tried'],
  done: ['passed', 'done'],
  already_done: ['passed', 'was done already'],
  failed: ['failed', 'failed'],
} as const;

function undoLog(fault: FaultResult): Markup | string {
  if (fault.undo.length === 0) return '';
  return html`<h4>Undo log</h4>
    <ul class="undo">
      ${fault.undo.map((record) => {
        const [state, words] =
          fault.requestedS === null ? (['aborted', 'not needed'] as const) : UNDO_STATES[record.state];
        return html`<li>
          ${badge(state, words)}
          ${clip(record.words, 300)}${record.message !== undefined && html` <span class="because">${clip(record.message, 400)}</span>`}${record.byHand !== '' && html`<span class="muted block">by hand: <code>${clip(record.byHand, 400)}</code></span>`}
        </li>`;
      })}
    </ul>`;
}

function settingsText(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}
