import type { RunResult } from '../../result/schema.js';
import { unbroken } from '../format.js';
import { clip, html, type Markup } from '../html.js';
import { badge } from '../words.js';

/** What the gate did about what broke, and whether that worked. */
export function gateSection({ gate = [] }: RunResult): Markup {
  if (gate.length === 0) return html``;
  return html`<section aria-labelledby="gate">
    <h2 id="gate">What the gate did</h2>
    <ul class="undo">
      ${gate.map(
        ({ severity, because, command, done, message }) =>
          html`<li>
            ${badge(done ? 'passed' : 'failed', done ? 'done' : 'not done')} <strong>${severity}</strong>:
            <code>${clip(command, 300)}</code>
            <span class="because">${unbroken(clip(message, 600))}</span>
            ${because.slice(0, 10).map((reason) => html`<span class="because">because ${unbroken(clip(reason, 300))}</span>`)}
          </li>`,
      )}
    </ul>
  </section>`;
}
