import type { Outcome } from '../record/outcomes.js';
import { html, type Markup } from './html.js';

/** How each state looks: a word, and a sign that differs in shape, so that colour is never the only carrier. */
export type State = 'passed' | 'failed' | 'inconclusive' | 'errored' | 'aborted';

const SHAPES: Readonly<Record<State, Markup>> = {
  passed: html`<path d="M7 12.5l3.4 3.4L17 9" class="stroke" />`,
  failed: html`<path d="M8 8l8 8M16 8l-8 8" class="stroke" />`,
  inconclusive: html`<path d="M9 9.6a3 3 0 1 1 4.3 2.7c-.9.45-1.3 1-1.3 2.1M12 17.6v.1" class="stroke" />`,
  errored: html`<path d="M12 6.6v7M12 17.2v.2" class="stroke" />`,
  aborted: html`<path d="M8.5 8.5h7v7h-7z" class="stroke" />`,
};

/** A round sign for a state; decoration beside its word. */
export function icon(state: State, large = false): Markup {
  const size = large ? 44 : 18;
  return html`<svg
    class="icon ${state}"
    viewBox="0 0 24 24"
    width="${size}"
    height="${size}"
    aria-hidden="true"
    focusable="false"
  >
    <circle cx="12" cy="12" r="11" class="disc" />
    ${SHAPES[state]}
  </svg>`;
}

/** A bolt: something was broken on purpose, and it took effect. */
export function bolt(): Markup {
  return html`<svg class="icon bolt" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
    <circle cx="12" cy="12" r="11" class="disc" />
    <path d="M13 5.5l-5 7.5h4l-1 5.5l5 -7.5h-4z" class="flash" />
  </svg>`;
}

/** Icon and word. */
export function badge(state: State, word: string = state): Markup {
  return html`<span class="badge ${state}">${icon(state)}<span>${word}</span></span>`;
}

export const PROOF_STATES = { confirmed: 'passed', mismatch: 'failed', unknown: 'inconclusive' } as const;

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  ok: 'ok',
  http_4xx: '4xx answer',
  http_5xx: '5xx answer',
  check_failed: 'wrong content',
  refused: 'connection refused',
  reset: 'connection reset',
  closed: 'connection closed',
  bad_response: 'unreadable answer',
  timeout: 'timeout',
  unsent: 'never sent',
  dropped: 'dropped at the cap',
  unfinished: 'unfinished',
};
