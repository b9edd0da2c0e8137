import { html, type Markup } from '../html/html.js';
import { responseTable } from '../html/sections/game-day.js';
import { responsesOf } from '../result/game-day.js';
import type { GameState } from './state.js';
import type { Look } from './view.js';

/** So many of the newest injections are shown; the report has all. */
const SHOWN = 12;

/** How long the team took to see each fault, and to be rid of it. */
export function peoplePart(state: GameState, look: Look): Markup {
  if (look.hidden) return html`<p class="muted">Your times are shown when the faults are revealed.</p>`;
  const responses = responsesOf(state.events);
  if (responses.length === 0)
    return html`<p class="muted">The first note or alert after an injection stops the clock of detection.</p>`;
  return responseTable(responses.slice(-SHOWN));
}
