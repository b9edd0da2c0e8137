import { decidedEarly } from '../../result/run-story.js';
import type { RunResult } from '../../result/schema.js';
import type { Estimate, PartJudgement, SloJudgement } from '../../verdict/judgement.js';
import { plainTable } from '../charts/figure.js';
import { shownPart } from '../drift-sign.js';
import { formatDrift, formatValue, unbroken } from '../format.js';
import { clip, html, name, type Content, type Markup } from '../html.js';

/** Repeated trials: the drift of each, in its order, and what they say together. Nothing for a run of one trial. */
export function trialSection(result: RunResult): Markup {
  const parts = result.slos.flatMap((slo) =>
    slo.parts.flatMap((part) => (part.trials ? [{ slo, part, trials: part.trials }] : [])),
  );
  if (parts.length === 0) return html``;
  const early = decidedEarly(result);
  return html`<section aria-labelledby="trials">
    <h2 id="trials">Repeated trials</h2>
    <p class="lead">
      Each trial compares one fault window with its own baseline; the order changes from trial to trial, so that a trend
      over the run cancels.${early !== undefined && html` <strong>The run was ${unbroken(early)}.</strong>`}
    </p>
    ${parts.map(
      ({ slo, part, trials }) =>
        html`<h3>${name(slo.name, 60)}</h3>
          ${plainTable(
            `Drift of ${clip(slo.name, 60)} in each trial`,
            ['Trial', 'Order', 'Drift', 'Interval'],
            [
              ...trials.drifts.map(({ trial, drift, low = null, high = null }): Content[] => [
                String(trial),
                orderOf(result, trial),
                ...drifted(part, slo, { value: drift, low, high }),
              ]),
              ['Mean, as the trials differ', '', ...drifted(part, slo, trials.mean)],
              ['All windows together', '', ...drifted(part, slo, part.estimate)],
              ['A single fault to come', '', ...drifted(part, slo, trials.prediction)],
            ],
          )}
          <p class="muted">
            ${formatValue(trials.heterogeneity, 'ratio')} of the variation lies between the trials, beyond their own
            noise (I²; above 50 % they do not count as a pass). Tolerance
            ${formatDrift(shownPart(part, slo).limit, part.unit)}.
          </p>`,
    )}
  </section>`;
}

/** Which window came first. */
function orderOf({ windows }: RunResult, trial: number): string {
  const startOf = (kind: 'baseline' | 'fault'): number | undefined =>
    windows.find((window) => window.window === kind && window.trial === trial)?.startS;
  const [baseline, fault] = [startOf('baseline'), startOf('fault')];
  if (baseline === undefined || fault === undefined) return '–';
  return baseline < fault ? 'baseline, fault' : 'fault, baseline';
}

/** Drift and interval with the signs that people read; an end that is not known leaves the interval out. */
function drifted(part: PartJudgement, slo: SloJudgement, estimate: Estimate): Content[] {
  const { value, low, high } = shownPart({ ...part, estimate }, slo);
  return [
    formatDrift(value, part.unit),
    low === null && high === null ? '–' : `${formatDrift(low, part.unit)} … ${formatDrift(high, part.unit)}`,
  ];
}
