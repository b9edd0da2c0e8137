import { html, type Markup } from '../html.js';

/** Patterns and arrow heads that the charts refer to by id: once in each document. */
export function sharedShapes(): Markup {
  return html`<defs>
    <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="7" height="7" class="hatch-ground" />
      <path d="M0 0V7" class="hatch-line" />
    </pattern>
    <pattern id="hatch-beyond" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
      <path d="M0 0V5" class="beyond-line" />
    </pattern>
    <pattern id="hatch-between" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <path d="M0 0V4" class="between-line" />
    </pattern>
    <pattern id="bars-connection" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="5" height="5" class="connection-ground" />
      <path d="M0 0V5" class="bar-line" />
    </pattern>
    <pattern id="bars-timeout" width="4" height="4" patternUnits="userSpaceOnUse">
      <rect width="4" height="4" class="timeout-ground" />
      <path d="M0 1H4" class="bar-line" />
    </pattern>
    <marker
      id="arrow"
      viewBox="0 0 10 10"
      refX="9"
      refY="5"
      markerWidth="8"
      markerHeight="8"
      orient="auto-start-reverse"
    >
      <path d="M0 0L10 5L0 10z" class="arrow" />
    </marker>
    <marker
      id="arrow-hit"
      viewBox="0 0 10 10"
      refX="9"
      refY="5"
      markerWidth="5"
      markerHeight="5"
      orient="auto-start-reverse"
    >
      <path d="M0 0L10 5L0 10z" class="arrow-hit" />
    </marker>
  </defs>`;
}
