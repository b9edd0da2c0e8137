import type { FaultResult, RunResult } from '../../result/schema.js';
import { clockTime, formatCount, plural, unbroken } from '../format.js';
import { clip, html, name, type Content, type Markup } from '../html.js';
import { pair } from '../parts.js';
import { PROOF_STATES, bolt, icon } from '../words.js';

/** The first screen's head: did it hold, why, what was broken, was it put back. */
export function verdictSection(result: RunResult): Markup {
  const { run, cleanup } = result;
  // A fault that may still be active outweighs every verdict, a passed one first of all.
  const tone = cleanup.proven ? result.verdict : 'failed';
  const scheduled = result.ledger.filter((row) => row.window === 'run' && row.request === undefined);
  return html`<header class="verdict ${tone}">
    <p class="scenario">${name(run.scenario.name)}</p>
    ${!cleanup.proven && cleanupAlarm(cleanup)}
    <h1 class="${result.verdict}">${icon(result.verdict, true)}<span>${result.verdict}</span></h1>
    <p class="why">${unbroken(clip(sentenceOf(result), 900))}</p>
    ${!run.complete && !/\bkilled\b/.test(result.sentence) && html`<p class="note"><strong>This run was killed.</strong> What follows is what its logs still tell.</p>`}
    <ul class="broken">
      ${faultLines(result.faults)} ${overTheLine(result)}
      ${
        cleanup.proven &&
        result.faults.some((fault) => fault.requestedS !== null) &&
        html`<li>
          ${icon('passed')}<span><strong>Put back, and proven so.</strong> ${clip(cleanup.sentence, 600)}</span>
        </li>`
      }
    </ul>
    <dl class="facts">
      ${result.slos.length > 0 && pair('SLOs', tally(result.slos))}
      ${pair('Started', html`<time datetime="${run.startedAt}">${startedText(run.startedAt)}</time>`)}
      ${pair('Length', clockTime(run.durationS))}
      ${pair('Load', scheduled.length === 0 ? 'no arrival' : scheduled.map((row, at) => html`${at > 0 && ', '}${formatCount(row.scheduled)} ${name(row.stream, 40)}`))}
      ${pair('Seed', run.seed)} ${pair('Run', name(run.id, 40))} ${pair('Exit code', result.exitCode)}
    </dl>
  </header>`;
}

/** The sentence with a capital, and without the verdict's word, which stands above it. */
function sentenceOf(result: RunResult): string {
  const text = result.sentence.replace(new RegExp(`^${result.verdict}\\s*[:–-]\\s*`, 'i'), '').trim();
  const first = text.slice(0, 1);
  const sentence = first.toUpperCase() + text.slice(first.length);
  return /[.!?…]$/.test(sentence) || sentence === '' ? sentence : `${sentence}.`;
}

/** So many faults stand on the first screen; the SLOs below must not be pushed off it. */
const SHOWN = 4;

function faultLines(faults: readonly FaultResult[]): Content {
  if (faults.length === 0) return html`<li>${icon('aborted')}<span>Nothing was broken.</span></li>`;
  const never = faults.filter((fault) => fault.requestedS === null && fault.error === undefined);
  if (never.length === faults.length) {
    return html`<li>
      ${icon('aborted')}<span
        ><strong>Nothing was broken.</strong> ${plural(never.length, 'fault')}
        <span class="muted"
          >(${clip(never.map(({ id, title }) => `${clip(id, 12)} ${clip(title, 40)}`).join(', '), 200)})</span
        >
        ${never.length === 1 ? 'was' : 'were'} planned and never injected.</span
      >
    </li>`;
  }
  // What is in doubt must be seen; of the rest the first ones.
  const doubtful = (fault: FaultResult): boolean => fault.proof?.status !== 'confirmed' || fault.error !== undefined;
  const ordered = faults.toSorted((a, b) => Number(doubtful(b)) - Number(doubtful(a)));
  const shown = faults.length <= SHOWN + 1 ? faults : ordered.slice(0, SHOWN);
  const rest = faults.length <= SHOWN + 1 ? [] : ordered.slice(SHOWN);
  const proven = rest.filter((fault) => !doubtful(fault)).length;
  return html`${shown.map(faultLine)}${
    rest.length > 0 &&
    html`<li>
      ${proven === rest.length ? bolt() : icon('inconclusive')}<span
        ><a href="#faults">${plural(rest.length, 'more fault')}</a>
        <span class="muted">(${proven === rest.length ? 'all proven' : `${proven} of them proven`})</span></span
      >
    </li>`
  }`;
}

/** When a broken SLO was over its line, as it was seen live: the first time, and when it was back. */
function overTheLine(result: RunResult): Content {
  const broken = result.slos.filter((slo) => slo.verdict === 'failed' && slo.severity === 'critical');
  return broken.slice(0, 3).map((slo) => {
    const marks = result.marks.filter(({ subject }) => subject === slo.name).toSorted((a, b) => a.atS - b.atS);
    const first = marks.find(({ kind }) => kind === 'breached');
    if (first === undefined) return '';
    const back = marks.findLast(({ kind }) => kind === 'recovered');
    const after = back !== undefined && back.atS > first.atS ? `, back at ${clockTime(back.atS)}` : ', not seen back';
    return html`<li>
      ${icon('failed')}<span
        ><strong>Over its line:</strong> ${name(slo.name, 60)}
        <span class="muted">from ${clockTime(first.atS)}${after}</span></span
      >
    </li>`;
  });
}

/** `1 failed, 1 inconclusive, 3 passed`; what decides nothing is counted apart. */
function tally(slos: RunResult['slos']): string {
  const words = (list: RunResult['slos']): string =>
    (['failed', 'inconclusive', 'passed'] as const)
      .map((verdict) => [list.filter((slo) => slo.verdict === verdict).length, verdict] as const)
      .filter(([count]) => count > 0)
      .map(([count, verdict]) => `${count} ${verdict}`)
      .join(', ');
  const critical = slos.filter(({ severity }) => severity === 'critical');
  const lesser = slos.filter(({ severity }) => severity !== 'critical');
  return [words(critical), lesser.length > 0 && `of lesser weight: ${words(lesser)}`].filter(Boolean).join('; ');
}

function faultLine(fault: FaultResult): Markup {
  const state = fault.proof === null ? 'failed' : PROOF_STATES[fault.proof.status];
  const sign =
    fault.requestedS === null
      ? icon('aborted')
      : state === 'passed' && fault.error === undefined
        ? bolt()
        : icon(state);
  const words =
    fault.requestedS === null
      ? 'never injected'
      : fault.proof === null
        ? 'ordered and not yet proven'
        : { confirmed: 'proven', mismatch: 'did not take effect', unknown: 'effect not proven' }[fault.proof.status];
  const when = fault.requestedS === null ? '' : html` at ${clockTime(fault.requestedS)}`;
  return html`<li>
    ${sign}<span
      ><strong>${labelOf(fault)}:</strong> ${name(fault.summary, 220)}
      <span class="muted">(${words}${when})</span></span
    >
  </li>`;
}

/** Only what is proven to have taken effect may be called broken. */
function labelOf(fault: FaultResult): string {
  if (fault.requestedS === null || fault.proof?.status === 'mismatch') return 'Not broken';
  return fault.proof?.status === 'confirmed' ? 'Broken' : 'Perhaps broken';
}

function cleanupAlarm({ sentence, byHand }: RunResult['cleanup']): Markup {
  return html`<div class="alarm" role="note">
    <p>
      ${icon('failed')} <strong>Not proven to be put back: a fault may still be active.</strong> ${clip(sentence, 600)}
    </p>
    <p>
      Run <code>plimsoll recover</code>${byHand.length > 0 && `, or by hand (${plural(byHand.length, 'command')}):`}
    </p>
    ${byHand.length > 0 && html`<pre tabindex="0" role="group" aria-label="Commands that undo by hand">${byHand.map((command) => `${clip(command, 600)}\n`)}</pre>`}
  </div>`;
}

/** `2026-03-02 09:41:07 UTC`; what is not a time stays as it is. */
function startedText(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? clip(iso, 40) : `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
