import type { RunResult } from '../../result/schema.js';
import { formatBytes } from '../../support/units.js';
import { plainTable } from '../charts/figure.js';
import { formatCount, formatValue } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';
import { pair } from '../parts.js';
import { badge } from '../words.js';

/** Where it ran, with what, and whether the load driver itself was well. */
export function environmentSection(result: RunResult): Markup {
  const { environment } = result.run;
  const { host } = environment;
  return html`<section aria-labelledby="environment">
    <h2 id="environment">Environment</h2>
    <dl class="pairs">
      ${pair('Machine', `${clip(host.platform, 40)} ${clip(host.release, 60)}, ${clip(host.arch, 20)}, ${host.cpus} × ${clip(host.cpuModel, 80)}, ${formatBytes(host.memoryBytes)}`)}
      ${pair(
        'Versions',
        Object.entries(environment.versions)
          .slice(0, 30)
          .map(([what, version], at) => html`${at > 0 && ', '}${clip(what, 40)} ${clip(version, 40)}`),
      )}
      ${environment.gitCommit !== undefined && pair('Git commit', html`<code>${clip(environment.gitCommit, 60)}</code>`)}
      ${pair('Scenario', html`<code>${clip(result.run.scenario.file, 160)}</code> <span class="muted">sha-256 ${clip(result.run.scenario.sha256, 64)}</span>`)}
      ${result.capacity !== null && pair('Capacity', `${result.capacity.driverBound ? 'at least ' : ''}${formatCount(result.capacity.perSecond)}/s with ${result.capacity.connections} connections (median of ${result.capacity.rounds.length} rounds, spread ${formatValue(result.capacity.spread, 'ratio')})`)}
    </dl>
    ${result.health.length > 0 && healthTable(result.health)} ${evidence(result.evidence)}
  </section>`;
}

function healthTable(health: RunResult['health']): Markup {
  return html`<h3>Load driver</h3>
    <p class="lead">Was the driver itself on time? While it was not, nothing is judged.</p>
    ${plainTable(
      'Health of the load drivers',
      [
        'Driver',
        'State',
        'Worst scheduling lag p99',
        'Worst event-loop delay p99',
        'Highest CPU share',
        'Gates that broke',
      ],
      health.map((driver) => [
        `${driver.driver} model`,
        driver.invalid.length === 0
          ? badge('passed', 'well')
          : badge('failed', `not well in ${driver.invalid.length} s`),
        worst(driver.schedulingLagP99Ms, (value) => `${Number(value.toFixed(2))} ms`),
        worst(driver.eventLoopDelayP99Ms, (value) => `${Number(value.toFixed(2))} ms`),
        worst(driver.cpuShare, (value) => formatValue(value, 'ratio')),
        driver.invalid.length === 0
          ? '–'
          : html`${driver.invalid.slice(0, 5).map(({ second, reason }) => html`<span class="block">${second} s: ${clip(reason, 200)}</span>`)}`,
      ]),
    )}`;
}

function worst(column: readonly (number | null)[], format: (value: number) => string): string {
  let max = -Infinity;
  for (const value of column) if (value !== null && value > max) max = value;
  return Number.isFinite(max) ? format(max) : '–';
}

function evidence(files: RunResult['evidence']): Markup | string {
  if (files.length === 0) return '';
  return html`<h3>Evidence in the run directory</h3>
    <ul>
      ${files.map(({ file, what }) => html`<li><code>${clip(file, 160)}</code>: ${clip(what, 300)}</li>`)}
    </ul>`;
}

export function warningSection(result: RunResult): Markup {
  if (result.warnings.length === 0) return html``;
  return html`<section aria-labelledby="warnings">
    <h2 id="warnings">Warnings</h2>
    <ul class="warnings">
      ${result.warnings.map(({ code, message }) => html`<li><code>${name(code, 60)}</code> ${clip(message, 500)}</li>`)}
    </ul>
  </section>`;
}
