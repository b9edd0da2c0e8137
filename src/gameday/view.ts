import { clockTime, plural } from '../html/format.js';
import { clip, html, name, type Content, type Markup } from '../html/html.js';
import { bolt, icon } from '../html/words.js';
import type { GameState } from './state.js';
import { chartPart, topologyPart } from './view-charts.js';
import { faultsPart, stepButtons } from './view-faults.js';
import { numbersPart, slosPart } from './view-levels.js';
import { peoplePart } from './view-people.js';

/** For whom it is drawn. */
export interface Look {
  nowS: number;
  /** May this viewer inject and lift? */
  steers: boolean;
  /** Is something kept from this viewer? */
  hidden: boolean;
}

/**
 * The parts of the page that change, by the id of the element that each fills. Nothing in them changes by the clock alone:
 * times that run are marked (`data-until`, `data-since`, seconds from t0) and counted by the page itself.
 */
export function partsOf(state: GameState, look: Look): Map<string, string> {
  const parts: Record<string, Content> = {
    now: nowPart(state, look),
    steps: stepsPart(state),
    buttons: stepButtons(state, look),
    numbers: numbersPart(state),
    slos: slosPart(state),
    charts: chartPart(state, look),
    faults: faultsPart(state, look),
    topology: topologyPart(state),
    people: peoplePart(state, look),
  };
  return new Map(Object.entries(parts).map(([part, markup]) => [part, html`${markup}`.text]));
}

/** The one thing to know, first. */
function nowPart(state: GameState, look: Look): Markup {
  const { tone, sign, head, more } = sayNow(state, look);
  const title = state.started ? state.started.scenario.name : 'Game day';
  return html`<div class="now ${tone}">
    <p class="scenario">
      ${name(title, 80)}${state.started?.scenario.description && html` · <span>${clip(state.started.scenario.description, 200)}</span>`}
    </p>
    <h1>${sign}<span>${head}</span></h1>
    ${more}
  </div>`;
}

interface Saying {
  tone: string;
  sign: Markup;
  head: Content;
  more: Content;
}

function sayNow(state: GameState, look: Look): Saying {
  const { ended } = state;
  const stuck = [...state.faults.values()].find(({ proof }) => proof.startsWith('UNDO FAILED'));
  if (ended) {
    const tone = ended.cleanupProven ? ended.verdict : 'failed';
    return {
      tone,
      sign: icon(ended.verdict, true),
      head: ended.verdict,
      more: html`<p>${clip(ended.sentence, 700)}</p>
        <p>
          ${ended.cleanupProven ? 'Everything is put back, and proven so.' : 'A fault may still be active: run plimsoll recover.'}
          <a id="report-link" href="report" hidden>Open the report</a>
        </p>`,
    };
  }
  if (stuck)
    return {
      tone: 'failed',
      sign: icon('failed', true),
      head: 'An undo failed',
      more: html`<p>${clip(stuck.proof, 500)}</p>`,
    };
  const active = [...state.faults.values()].filter((fault) => fault.state !== 'waiting');
  if (state.aborting)
    return {
      tone: 'aborted',
      sign: icon('aborted', true),
      head: 'Stopped',
      more: html`<p>
        ${active.length > 0 ? `${plural(active.length, 'fault')} being undone …` : 'Nothing is broken any more. Closing down …'}
      </p>`,
    };
  const over = [...state.over].map(
    ([slo, since]) =>
      html`<li>
        ${icon('failed')}<span
          >${name(slo, 60)} over its line for <span data-since="${since}">${clockTime(look.nowS - since)}</span></span
        >
      </li>`,
  );
  const list =
    over.length > 0 &&
    html`<ul class="over">
      ${over}
    </ul>`;
  if (active.length > 0) {
    const summaries = active.map(({ id }) => state.plan?.faults.find((fault) => fault.id === id)?.summary ?? id);
    return {
      tone: 'broken',
      sign: bolt(),
      head: `${plural(active.length, 'fault')} active`,
      more: html`<p>${clip(summaries.join('; '), 400)}</p>
        ${list}`,
    };
  }
  if (look.hidden && state.phase === 'fault')
    return {
      tone: 'unknown',
      sign: icon('inconclusive', true),
      head: 'Something may be broken',
      more: html`<p>What, and when, is hidden until it is revealed. Write down what you see.</p>
        ${list}`,
    };
  return {
    tone: 'calm',
    sign: icon('passed', true),
    head: 'Nothing is broken',
    more: html`<p>${PHASE_WORDS[state.phase] ?? ''}</p>
      ${list}`,
  };
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  preparing: 'Starting the system and its load.',
  warmup: 'Warming up; faults can be injected after the baseline.',
  baseline: 'Measuring the system while it is well. Faults can be injected after that.',
  checking: 'Looking whether the system is well enough to break something.',
  fault: 'Inject a fault whenever you are ready.',
  undoing: 'Everything is being undone.',
  recovery: 'Watching how the system recovers.',
  judging: 'Judging what was measured.',
};

const STEPS = [
  ['warm-up', ['preparing', 'warmup']],
  ['baseline', ['baseline', 'checking']],
  ['faults', ['injecting', 'fault', 'undoing']],
  ['recovery', ['recovery']],
  ['verdict', ['judging', 'done']],
] as const;

function stepsPart(state: GameState): Markup {
  const found = STEPS.findIndex(([, phases]) => phases.some((phase) => phase === state.phase));
  const current = state.ended ? STEPS.length : found;
  const end = state.phasePlannedS === undefined ? undefined : state.phaseSinceS + state.phasePlannedS;
  return html`<ol class="path" aria-label="Steps of the game day">
    ${STEPS.map(([word], at) => html`<li class="${at < current ? 'done' : at === current ? 'current' : 'later'}" ${at === current && html`aria-current="step"`}><span>${word}</span>${at === current && !state.ended && (end === undefined ? html` <span class="clock" data-since="${state.phaseSinceS}"></span>` : html` <span class="clock" data-until="${end}"></span>`)}</li>`)}
  </ol>`;
}
