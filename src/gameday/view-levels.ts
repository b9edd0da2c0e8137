import { formatValue } from '../html/format.js';
import { html, name, type Markup } from '../html/html.js';
import { badge } from '../html/words.js';
import type { EventOf } from '../record/events.js';
import { isOver, liveValue, unitOf, type LiveLimit } from '../result/live-limits.js';
import { formatMs } from '../support/units.js';
import type { GameState, LiveStream } from './state.js';

/** Rate, failures and response time of each stream in its newest second. */
export function numbersPart(state: GameState): Markup {
  const streams = [...state.streams.values()];
  if (streams.length === 0) return html`<p class="muted">No load yet.</p>`;
  return html`${streams.slice(0, 6).map((stream) => {
    const second = newest(stream);
    const ended = second ? second.scheduled - second.open : 0;
    const bad = second ? ended - (second.outcomes.ok ?? 0) : 0;
    return html`<section class="stream" aria-label="${stream.name}">
      <h3>${name(stream.name, 40)}</h3>
      <dl>
        <div>
          <dt>per second</dt>
          <dd>${second?.scheduled ?? '–'}</dd>
        </div>
        <div class="${bad > 0 && 'worse'}">
          <dt>not ok</dt>
          <dd>${ended > 0 ? `${Number(((100 * bad) / ended).toFixed(1))} %` : '–'}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd>${second?.responseAll.p95 == null ? '–' : formatMs(second.responseAll.p95 * 1000)}</dd>
        </div>
      </dl>
    </section>`;
  })}${state.driverTrouble !== undefined && html`<p class="note">The load driver is not well: ${state.driverTrouble}. What you see may be its doing.</p>`}`;
}

/** Each service level: what it is now, its line, and on which side it is. */
export function slosPart(state: GameState): Markup {
  if (state.limits.length === 0) return html`<p class="muted">No service level yet.</p>`;
  return html`<table class="levels">
    <thead>
      <tr>
        <th scope="col">Service level</th>
        <th scope="col">Now</th>
        <th scope="col">Line</th>
        <th scope="col">State</th>
      </tr>
    </thead>
    <tbody>
      ${state.limits.map((limit) => {
        const seconds = limit.streams.flatMap((stream) => newest(state.streams.get(stream)) ?? []);
        const value = liveValue(limit, seconds);
        return html`<tr>
          <th scope="row">${name(limit.slo, 60)}</th>
          <td>${shown(value, limit)}</td>
          <td>${lineOf(limit)}</td>
          <td>${stateOf(state, limit, isOver(limit, seconds))}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

const SIGNS = { '>=': '≥', '<=': '≤' } as const;

function lineOf(limit: LiveLimit): string {
  const unit = unitOf(limit);
  return limit.limit && unit ? `${SIGNS[limit.limit.op]} ${formatValue(limit.limit.value, unit)}` : 'in the report';
}

function stateOf(state: GameState, limit: LiveLimit, over: boolean | undefined): Markup {
  if (state.over.has(limit.slo)) return badge('failed', 'over the line');
  if (over === undefined) return html`<span class="muted">judged at the end</span>`;
  return over ? badge('inconclusive', 'touching it') : badge('passed', 'within');
}

/** Live figures jump: fewer digits than in the report. */
function shown(value: number | undefined, limit: LiveLimit): string {
  const unit = unitOf(limit);
  if (unit === undefined) return '–';
  return formatValue(unit === 'ratio' && value !== undefined ? Math.round(value * 1000) / 1000 : value, unit);
}

/** The newest second of which something has ended. */
function newest(stream: LiveStream | undefined): EventOf<'second'> | undefined {
  return stream?.seconds.findLast((second) => second !== undefined && second.scheduled > second.open);
}
