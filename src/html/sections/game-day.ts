import type { GameDay, RunResult } from '../../result/schema.js';
import { clockTime } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';

/** A game day's people: how fast they saw and mended each fault, and what they wrote; nothing for other runs. */
export function gameDaySection({ gameDay }: RunResult): Markup | string {
  if (!gameDay) return '';
  const { blind, revealedS, responses, notes } = gameDay;
  const how = blind
    ? `A blind game day: the team did not see what was injected ${revealedS === null ? 'until the end' : `until ${clockTime(revealedS)}`}.`
    : 'Faults came and went by hand; the fault window is the time in which one was active.';
  return html`<section aria-labelledby="game-day">
    <h2 id="game-day">Game day</h2>
    <p class="lead">${how}</p>
    ${responses.length > 0 ? responseTable(responses) : html`<p>Nobody injected a fault.</p>`}
    ${
      notes.length > 0 &&
      html`<h3>Notes</h3>
        <ul class="marks">
          ${notes.map(
            ({ atS, who, text, kind }) =>
              html`<li>
                <span class="when">${clockTime(atS)}</span> <strong>${name(who, 60)}</strong>
                ${kind !== 'note' && html`<em>${kind}</em> `}${clip(text, 1000)}
              </li>`,
          )}
        </ul>`
    }
  </section>`;
}

/** A row an injection: when the team saw it, and when it was over. */
export function responseTable(responses: GameDay['responses']): Markup {
  return html`<div class="scroll" role="group" aria-label="How fast the team was" tabindex="0">
    <table class="responses">
      <thead>
        <tr>
          <th scope="col">Fault</th>
          <th scope="col">At</th>
          <th scope="col">Detected after</th>
          <th scope="col">Mitigated after</th>
        </tr>
      </thead>
      <tbody>
        ${responses.map(
          ({ fault, injectedS, detectedS, detectedBy, mitigatedS, mitigatedBy }) =>
            html`<tr>
              <th scope="row"><code>${clip(fault, 20)}</code></th>
              <td>${clockTime(injectedS)}</td>
              <td>${took(injectedS, detectedS, detectedBy)}</td>
              <td>${took(injectedS, mitigatedS, mitigatedBy)}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function took(fromS: number, atS: number | null, by: string): Markup {
  if (atS === null) return html`<span class="muted">not seen</span>`;
  return html`<strong>${(atS - fromS).toFixed(1)} s</strong> <span class="muted block">${clip(by, 60)}</span>`;
}
