import { clip, html, name, type Markup } from '../html/html.js';
import { bolt, icon } from '../html/words.js';
import type { GameState, LiveFault } from './state.js';
import type { Look } from './view.js';

const STATE_WORDS = {
  waiting: 'not active',
  injecting: 'being injected …',
  active: 'active',
  lifting: 'being lifted …',
};

/** A card a fault, with the button that fits its state. */
export function faultsPart(state: GameState, look: Look): Markup {
  if (look.hidden)
    return html`<p class="muted">
      Hidden until they are revealed. Trust your own instruments, and write down what you see.
    </p>`;
  if (!state.plan) return html`<p class="muted">Not known yet.</p>`;
  if (state.plan.faults.length === 0) return html`<p class="muted">The scenario has no fault.</p>`;
  return html`<ul class="cards">
    ${state.plan.faults.map((fault) => {
      const live = state.faults.get(fault.id);
      return live && card(state, look, fault, live);
    })}
  </ul>`;
}

type Planned = NonNullable<GameState['plan']>['faults'][number];

function card(state: GameState, look: Look, fault: Planned, live: LiveFault): Markup {
  const limitS = fault.forS ?? state.started?.phases.faultS;
  const isOpen = state.phase === 'fault' && !state.aborting && !state.ended;
  const active = live.state === 'active';
  const action = active ? 'lift' : 'inject';
  const busy = live.state === 'injecting' || live.state === 'lifting';
  return html`<li class="card ${live.state}">
    <div class="what">
      <h3>${name(fault.title, 60)} <code>${clip(fault.id, 20)}</code></h3>
      <p>${clip(fault.summary, 240)}</p>
      <p class="state">
        ${active ? bolt() : icon(live.times > 0 && !busy ? 'passed' : 'aborted')}<strong>${STATE_WORDS[live.state]}</strong>${active && limitS !== undefined && html` <span data-until="${live.sinceS + limitS}" data-after=" left"></span>`}${!active && !busy && live.times > 0 && html` <span class="muted">· was there ${live.times === 1 ? 'once' : `${live.times} times`}</span>`}
      </p>
      ${live.proof !== '' && html`<p class="proof">${clip(live.proof, 240)}</p>`}
    </div>
    ${look.steers && html`<button type="button" id="${action}-${fault.id}" class="${active ? 'lift' : 'inject'}" data-order="${action}" data-fault="${fault.id}" data-twin="fault-${fault.id}" aria-label="${`${active ? 'Lift' : 'Inject'} ${fault.id}: ${clip(fault.title, 60)}`}" ${(!isOpen || busy) && html`aria-disabled="true"`}>${active ? 'Lift' : 'Inject'}</button>`}
  </li>`;
}

/** What moves the whole day on. */
export function stepButtons(state: GameState, look: Look): Markup {
  if (!look.steers || state.ended || state.aborting) return html``;
  const game = state.started?.gameDay;
  const revealed = state.events.some((event) => event.type === 'steer' && event.action === 'reveal');
  const inPhase = state.phase === 'fault';
  return html`${game?.script === true && (state.held ? button('go', state.phase === 'fault' ? 'Let the script go on' : 'Let the script begin by itself', true) : button('hold', 'Hold the script before its next step', true))}${button('finish', 'End the faults, watch the recovery', inPhase)}${game?.blind === true && !revealed && button('reveal', 'Reveal to the team', true)}`;
}

function button(order: string, words: string, enabled: boolean): Markup {
  return html`<button type="button" id="order-${order}" data-order="${order}" ${!enabled && html`aria-disabled="true"`}>
    ${words}
  </button> `;
}
