import { html, type Content, type Markup } from '../html.js';

/** The mark on a ship's hull that the project is named after, above whatever a page is about. */
export function brand(beside: Content = ''): Markup {
  return html`<div class="masthead">
    <span class="brand"
      ><svg viewBox="0 0 32 24" width="28" height="21" aria-hidden="true" focusable="false">
        <circle cx="16" cy="12" r="8" />
        <path d="M1 12h30" /></svg
      >Plimsoll</span
    >
    ${beside}
  </div>`;
}
