import type { PairCheck } from '../pair-check.js';
import { studentUpper } from '../special.js';
import { comparison } from './intervals.js';
import { computed, counted, num, type Chapter, type Step } from './step.js';

/** The test between windows: the drift of each trial, their mean, and how they vary. */
export function pairsChapter(check: PairCheck, alpha: number): Chapter | undefined {
  const { pairs, result, delta } = check;
  if (!result) return undefined;
  const m = pairs.length;
  const drifts = pairs.map(({ drift }) => drift.value);
  const total = drifts.map((drift) => `(${num(drift)})`).join(' + ');
  const squares = drifts.reduce((sum, drift) => sum + (drift - result.value) ** 2, 0);
  const s = Math.sqrt(squares / (m - 1));
  const t = studentUpper(alpha, m - 1);
  const half = (t * s) / Math.sqrt(m);
  const steps: Step[] = [
    computed('d̄', 'mean drift', 'mean of the d_i', `(${total}) / ${m}`, result.value),
    { ...counted('S', 'squared deviations of the trials', squares), formula: 'sum over i of (d_i − d̄)^2' },
    computed('s', 'how much trials differ', 'sqrt(S / (m − 1))', `sqrt(${num(squares)} / ${m - 1})`, s),
    computed('t', 'Student’s t, one-sided', 't(α; m − 1)', `t(${num(alpha)}; ${m - 1})`, t),
    computed(
      'L',
      'lower end',
      'd̄ − t * s / sqrt(m)',
      `${num(result.value)} - ${num(t)} * ${num(s)} / sqrt(${m})`,
      result.value - half,
    ),
    computed(
      'U',
      'upper end',
      'd̄ + t * s / sqrt(m)',
      `${num(result.value)} + ${num(t)} * ${num(s)} / sqrt(${m})`,
      result.value + half,
    ),
    counted('δ', 'tolerance, on the same scale', delta),
    comparison('U − δ', 'not above 0: passed', result.high, delta),
    comparison('L − δ', 'above 0: failed', result.low, delta),
    counted(
      'I²',
      'share of the variation that is more than the trials’ own noise (above 0.5: mixed_trials)',
      result.heterogeneity,
    ),
    computed(
      'next',
      'upper end for one single fault to come',
      'd̄ + t * s * sqrt(1 + 1 / m)',
      `${num(result.value)} + ${num(t)} * ${num(s)} * sqrt(1 + 1 / ${m})`,
      result.prediction.high,
    ),
  ];
  return {
    title: `Between the ${m} trials`,
    words:
      'One pair of windows cannot show how windows differ by themselves. Here the unit is the trial: one drift each, and Student’s interval of their mean. This test and the one within the windows must agree.',
    lists: [
      {
        name: 'd_i',
        means: 'drift in the bad direction, by trial (on logarithms where the tolerance is relative)',
        values: drifts.map((drift) => Number(drift.toPrecision(10))),
      },
    ],
    steps,
  };
}
