import type { RunResult } from '../result/schema.js';
import { clip, html, type Markup } from './html.js';
import { page } from './page.js';
import { brand } from './sections/brand.js';
import { eventSection, jsonSection, repeatSection } from './sections/appendix.js';
import { budgetSection } from './sections/budget.js';
import { gameDaySection } from './sections/game-day.js';
import { environmentSection, warningSection } from './sections/environment.js';
import { faultSection } from './sections/faults.js';
import { distributionSection, ledgerSection, sampleSection } from './sections/load.js';
import { gateSection } from './sections/gate.js';
import { sloSection } from './sections/slos.js';
import { statisticsSection } from './sections/statistics.js';
import { timelineSection } from './sections/timelines.js';
import { topologySection } from './sections/topology.js';
import { trialSection } from './sections/trials.js';
import { verdictSection } from './sections/verdict.js';

/**
 * A result as one HTML file that opens from disk and asks for nothing: style and script are inside, and its policy
 * allows these two alone. The same result gives the same bytes.
 */
export function renderReport(result: RunResult): string {
  const title = `${result.verdict}: ${clip(result.run.scenario.name, 80)}`;
  return page(
    title,
    html`${masthead()} ${verdictSection(result)} ${sloSection(result)} ${timelineSection(result)} ${gateSection(result)}
    ${gameDaySection(result)} ${budgetSection(result)} ${warningSection(result)} ${faultSection(result)}
    ${topologySection(result)} ${distributionSection(result)} ${ledgerSection(result)} ${sampleSection(result)}
    ${trialSection(result)} ${statisticsSection(result)} ${environmentSection(result)} ${eventSection(result)}
    ${repeatSection(result)} ${jsonSection(result)}`,
  );
}

/** The name, and the way to the sections. */
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
  return brand(
    html`<nav aria-label="Sections">${links.map(([id, words]) => html`<a href="#${id}">${words}</a> `)}</nav>`,
  );
}
