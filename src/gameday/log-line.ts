import { clockTime } from '../html/format.js';
import { clip, html } from '../html/html.js';
import type { RunEvent } from '../record/events.js';
import { eventText } from '../result/event-text.js';

/** How a line looks, by what kind of news it is; what is not here has no line. */
const KINDS: Partial<Record<RunEvent['type'], string>> = {
  'run.started': 'quiet',
  'phase.started': 'phase',
  'fault.requested': 'quiet',
  'fault.proven': 'broken',
  'fault.failed': 'bad',
  'undo.requested': 'quiet',
  'undo.proven': 'back',
  'undo.failed': 'bad',
  'slo.breached': 'bad',
  'slo.recovered': 'back',
  'stop.tripped': 'bad',
  'system.exited': 'quiet',
  'invariant.checked': 'quiet',
  note: 'person',
  steer: 'person',
  warning: 'quiet',
  signal: 'bad',
  error: 'bad',
  'run.ended': 'phase',
};

const PERSON_WORDS: Readonly<Record<string, string>> = {
  inject: 'injects',
  lift: 'lifts',
  hold: 'holds the script',
  go: 'lets the script go on',
  finish: 'ends the faults',
  abort: 'ABORTS: everything is undone',
  reveal: 'reveals what was injected',
};

/** An event as a line of the page's log; undefined: it has none. */
export function logLine(event: RunEvent): string | undefined {
  const kind = KINDS[event.type];
  if (kind === undefined) return undefined;
  return html`<li class="${kind}" id="event-${event.seq}">
    <time>${clockTime(event.t)}</time> <span>${wordsOf(event)}</span>
  </li>`.text;
}

function wordsOf(event: RunEvent) {
  if (event.type === 'note') {
    const kind = event.kind === 'detected' ? 'sees it: ' : event.kind === 'mitigated' ? 'calls it mitigated: ' : '';
    return html`<strong>${clip(event.who, 60)}</strong> ${kind}${clip(event.text, 1000)}`;
  }
  if (event.type === 'steer') {
    const words = PERSON_WORDS[event.action] ?? event.action;
    return html`<strong>${clip(event.who, 60)}</strong> ${words} ${event.subject ?? ''}`;
  }
  return html`${clip(eventText(event), 400)}`;
}
