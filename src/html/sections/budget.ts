import type { RunResult } from '../../result/schema.js';
import { plainTable } from '../charts/figure.js';
import { formatValue, plural } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';
import { pair } from '../parts.js';

type Budget = NonNullable<RunResult['budget']>;

/** What the run cost of the error budget, and whether anybody would have been woken. */
export function budgetSection(result: RunResult): Markup {
  const { budget, alerts = [] } = result;
  if (!budget) return html``;
  return html`<section aria-labelledby="budget">
    <h2 id="budget">Error budget</h2>
    <p class="lead">${clip(capital(budget.sentence), 600)}.</p>
    <dl class="pairs">
      ${pair('Budget', html`${name(budget.name, 80)}: ${formatValue(1 - budget.objective, 'ratio')} of ${budget.method === 'occurrences' ? 'all events' : 'all time slices'} in ${days(budget.periodS)} may be bad`)}
      ${pair('Cost', costText(budget))}
      ${budget.burnRate !== null && pair('Burn rate under fault', `${digits(budget.burnRate)} (1 lasts the whole period; ${digits(budget.largestBurnRate)} is total failure)`)}
      ${budget.bearable !== null && pair('A whole budget bears', `${plural(budget.bearable, 'such incident')}, reckoned with the upper end`)}
      ${budget.abort !== null && pair('The run ends at', `${formatValue(budget.abort.perHour, 'ratio')} of the budget in an hour: a burn rate of ${digits(budget.abort.burnRate)}, or ${formatValue(budget.abort.errorRatio, 'ratio')} bad`)}
      ${
        budget.assumptions.length > 0 &&
        pair(
          'Taken for granted',
          budget.assumptions.map((text) => html`<span class="block">${clip(text, 300)}</span>`),
        )
      }
    </dl>
    ${
      alerts.length > 0 &&
      html`<h3>Alerts on the burn rate</h3>
        <p class="lead">
          Replayed on what this run saw, with the baseline as history. Both windows must burn faster than the factor.
        </p>
        ${plainTable(
          'Alerts on the burn rate',
          ['Alert', 'Windows', 'Factor', 'In this run', 'Had the fault gone on'],
          alerts.map((alert) => [
            alert.severity,
            `${duration(alert.longS)} and ${duration(alert.shortS)}`,
            digits(alert.factor),
            alert.before ? 'before the fault' : alert.firedS === null ? 'no' : `after ${duration(alert.firedS)}`,
            alert.ifLastedS === null ? 'never' : `after ${duration(alert.ifLastedS)}`,
          ]),
        )}`
    }
  </section>`;
}

function costText({ cost }: Budget): string {
  if (cost === null) return 'not known';
  const end = (value: number | null): string => (value === null ? '∞' : formatValue(Math.max(0, value), 'ratio'));
  return `${end(cost.value)} of the budget, somewhere between ${end(cost.low)} and ${end(cost.high)}`;
}

function days(seconds: number): string {
  return plural(Number((seconds / 86_400).toFixed(2)), 'day');
}

function duration(seconds: number): string {
  if (seconds >= 86_400) return `${digits(seconds / 86_400)} d`;
  if (seconds >= 3600) return `${digits(seconds / 3600)} h`;
  if (seconds >= 60)
    return `${Math.floor(seconds / 60)} min${Math.round(seconds % 60) > 0 ? ` ${Math.round(seconds % 60)} s` : ''}`;
  return `${digits(seconds)} s`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
