import type { RunResult } from '../../result/schema.js';
import { plainTable } from '../charts/figure.js';
import { formatMoment } from '../format.js';
import { clip, html, type Markup } from '../html.js';

const MAX_EVENTS = 600;

export function eventSection(result: RunResult): Markup {
  const shown = result.events.slice(0, MAX_EVENTS);
  return html`<section aria-labelledby="events">
    <h2 id="events">Event log</h2>
    ${
      shown.length === 0
        ? html`<p>No event was recorded.</p>`
        : html`<p class="lead">
              Seconds from the first
              arrival${result.events.length > MAX_EVENTS && `; the first ${MAX_EVENTS} of ${result.events.length}, the rest is in events.ndjson`}.
            </p>
            ${plainTable(
              'Event log',
              ['Time', 'Event', 'What'],
              shown.map(({ t, type, text }) => [
                formatMoment(t),
                html`<code>${clip(type, 40)}</code>`,
                clip(text, 300),
              ]),
            )}`
    }
  </section>`;
}

export function repeatSection(result: RunResult): Markup {
  return html`<section aria-labelledby="again">
    <h2 id="again">Run it again</h2>
    <p>The same seed gives the same schedule, the same picks and the same arrivals.</p>
    <div class="copy">
      <pre
        tabindex="0"
        role="group"
        aria-label="Command that repeats this run"
      ><code id="command">${clip(result.run.environment.commandLine, 1000)}</code></pre>
      <button type="button" data-copies="command" hidden>Copy</button>
    </div>
    <h3>Scenario</h3>
    <pre tabindex="0" role="group" aria-label="The scenario">${clip(result.run.scenario.text, 30_000)}</pre>
  </section>`;
}

/** Longest JSON that a report carries; a longer one goes without its per-second columns. */
const MAX_JSON = 150_000;

/** The result as JSON. Columns of a long run stay in `result.json`, and the text says so. */
export function jsonSection(result: RunResult): Markup {
  const whole = JSON.stringify(result);
  const short = whole.length <= MAX_JSON ? undefined : JSON.stringify({ ...result, series: [], health: [] });
  const text = short ?? whole;
  const cut = text.length > MAX_JSON ? undefined : text;
  return html`<section aria-labelledby="json" class="json">
    <h2 id="json">Result as JSON</h2>
    <p>
      ${
        cut === undefined
          ? 'It is too long to stand here. '
          : short === undefined
            ? 'All that this report shows comes from this document. '
            : 'Without the columns of each second (series, health), which would make this file too large. '
      }The
      whole of it is <code>result.json</code> in the run directory.
    </p>
    ${
      cut !== undefined &&
      html`<details>
        <summary>Show ${Math.ceil(cut.length / 1000)} KB</summary>
        <pre tabindex="0" role="group" aria-label="Result as JSON">${cut}</pre>
      </details>`
    }
  </section>`;
}
