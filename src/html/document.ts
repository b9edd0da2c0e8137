import type { RunResult } from '../result/schema.js';
import { clip, html, raw, type Markup } from './html.js';
import { SCRIPT } from './script.js';
import { eventSection, jsonSection, repeatSection } from './sections/appendix.js';
import { budgetSection } from './sections/budget.js';
import { environmentSection, warningSection } from './sections/environment.js';
import { faultSection } from './sections/faults.js';
import { distributionSection, ledgerSection, sampleSection } from './sections/load.js';
import { sloSection } from './sections/slos.js';
import { statisticsSection } from './sections/statistics.js';
import { timelineSection } from './sections/timelines.js';
import { topologySection } from './sections/topology.js';
import { verdictSection } from './sections/verdict.js';
import { sha256Base64 } from './sha256.js';
import { STYLES } from './theme.js';

/**
 * A result as one HTML file that opens from disk and asks for nothing: style and script are inside, and its policy
 * allows these two alone. The same result gives the same bytes.
 */
export function renderReport(result: RunResult): string {
  const title = `${result.verdict}: ${clip(result.run.scenario.name, 80)}`;
  const policy = `default-src 'none'; style-src 'sha256-${sha256Base64(STYLES)}'; script-src 'sha256-${sha256Base64(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="Plimsoll" />
        <title>${title}</title>
        ${raw(`<style>${STYLES}</style>`)}
      </head>
      <body>
        ${sharedShapes()}
        <main>
          ${masthead()} ${verdictSection(result)} ${sloSection(result)} ${timelineSection(result)}
          ${budgetSection(result)} ${warningSection(result)} ${faultSection(result)} ${topologySection(result)}
          ${distributionSection(result)} ${ledgerSection(result)} ${sampleSection(result)} ${statisticsSection(result)}
          ${environmentSection(result)} ${eventSection(result)} ${repeatSection(result)} ${jsonSection(result)}
        </main>
        ${raw(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text;
}

/** The mark on a ship's hull that the project is named after, and the way to the sections. */
function masthead(): Markup {
  const links = [
    ['slos', 'Service levels'],
    ['timeline', 'Timeline'],
    ['faults', 'Faults'],
    ['distribution', 'Response times'],
    ['ledger', 'Ledger'],
    ['environment', 'Environment'],
    ['again', 'Run it again'],
  ] as const;
  return html`<div class="masthead">
    <span class="brand"
      ><svg viewBox="0 0 32 24" width="28" height="21" aria-hidden="true" focusable="false">
        <circle cx="16" cy="12" r="8" />
        <path d="M1 12h30" /></svg
      >Plimsoll</span
    >
    <nav aria-label="Sections">${links.map(([id, words]) => html`<a href="#${id}">${words}</a> `)}</nav>
  </div>`;
}

/** Patterns and arrow heads that the charts refer to by id. */
function sharedShapes(): Markup {
  return html`<svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false">
    <defs>
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
    </defs>
  </svg>`;
}
