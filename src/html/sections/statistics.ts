import type { RunResult } from '../../result/schema.js';
import type { PartJudgement } from '../../verdict/judgement.js';
import { plainTable } from '../charts/figure.js';
import { shownPart } from '../drift-sign.js';
import { formatCount, formatDrift, formatValue, unbroken } from '../format.js';
import { clip, html, name, type Content, type Markup } from '../html.js';
import { badge } from '../words.js';

/** What a statistician would ask for, and what each word means for everybody else. */
export function statisticsSection(result: RunResult): Markup {
  const parts = result.slos.flatMap((slo) => slo.parts.map((part) => ({ slo, part })));
  if (parts.length === 0) return html``;
  const assumptions = [...new Set(parts.flatMap(({ part }) => part.assumptions))];
  return html`<section aria-labelledby="statistics">
    <h2 id="statistics">How sure</h2>
    ${plainTable(
      'What was estimated, for each part of each SLO',
      ['SLO', 'Part', 'Verdict', 'Estimate', 'Interval', 'Line', 'Power', 'Smallest tolerance'],
      parts.map(({ slo, part }): Content[] => {
        const shown = shownPart(part, slo);
        return [
          name(slo.name, 40),
          part.part,
          badge(part.verdict),
          text(part, shown.value),
          `${text(part, shown.low)} … ${text(part, shown.high)}`,
          text(part, shown.limit),
          part.power === null ? '–' : formatValue(part.power, 'ratio'),
          part.smallestTolerance === null ? '–' : formatDrift(part.smallestTolerance, part.unit).replace('+', ''),
        ];
      }),
    )}
    ${plainTable(
      'How it was computed',
      ['SLO', 'Part', 'n baseline', 'n fault', 'Design effect', 'n effective', 'ρ', 'df', 'k', 'Method'],
      parts.map(({ slo, part }): Content[] => [
        name(slo.name, 40),
        part.part,
        count(part.n.baseline),
        count(part.n.fault),
        number(part.designEffect),
        count(part.nEffective ?? undefined),
        number(part.rho),
        number(part.df, 1),
        number(part.k),
        clip(part.method, 80),
      ]),
    )}
    <dl class="pairs sentences">
      ${parts.map(
        ({ slo, part }) =>
          html`<div>
            <dt>${name(slo.name, 60)}, ${part.part}</dt>
            <dd>${unbroken(clip(part.sentence, 400))}</dd>
          </div>`,
      )}
    </dl>
    ${
      assumptions.length > 0 &&
      html`<h3>Assumed</h3>
        <ul>
          ${assumptions.map((assumption) => html`<li>${clip(assumption, 300)}</li>`)}
        </ul>`
    }
    <h3>The words</h3>
    <dl class="glossary">
      ${GLOSSARY.map(
        ([term, words]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${words}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

const GLOSSARY: readonly [string, string][] = [
  [
    'Estimate and interval',
    'The estimate is the best single guess. The interval says how far off it may be: each end is wrong at most 5 times in 100 runs.',
  ],
  [
    'Passed',
    'The whole interval lies within the line. A drift as large as the tolerance would pass by luck at most 5 times in 100.',
  ],
  ['Failed', 'The whole interval lies beyond the line.'],
  [
    'Inconclusive',
    'The line runs through the interval, or something that the method relies on was not given. Too little data is never a pass.',
  ],
  [
    'Drift',
    'How far the value under fault is from the baseline of the same run, with the sign of the change: − fell, + rose.',
  ],
  ['n', 'How many arrivals were counted.'],
  [
    'Design effect',
    'Failures come in clusters, so a thousand arrivals tell less than a thousand independent ones. This is by how much less.',
  ],
  ['n effective', 'How many independent arrivals the data is worth: n divided by the design effect.'],
  ['ρ', 'How strongly a second resembles the one before it: 0 not at all, 1 fully. Above 0.5 there is no verdict.'],
  ['df', 'Degrees of freedom: how well the scatter itself is known. The fewer, the wider the interval.'],
  [
    'k',
    'How many standard errors wide the interval is on each side; for a recovery, how many healthy seconds in a row were asked for.',
  ],
  [
    'Power',
    'The chance that this much data passes a system that did not drift at all. Low power makes an inconclusive run likely.',
  ],
  [
    'Smallest tolerance',
    'The least drift that this much data could have ruled out. A tolerance below it needs a longer window or more arrivals.',
  ],
];

function text(part: PartJudgement, value: number | null): string {
  return part.part === 'tolerance' ? formatDrift(value, part.unit) : formatValue(value, part.unit);
}

function count(value: number | undefined): string {
  return value === undefined ? '–' : formatCount(value);
}

function number(value: number | null, digits = 2): string {
  return value === null ? '–' : String(Number(value.toFixed(digits)));
}
