import { BATCHES } from '../dispersion.js';
import { endInWords } from '../evidence/exits.js';
import type { Answer } from '../evidence/evidence.js';
import type { Bins } from '../sources/bins.js';
import type { ProcessEnd } from '../sources/source.js';
import { valueArm, type ValueArm } from '../values.js';
import { criticalSteps } from './noise.js';
import { comparison } from './intervals.js';
import { computed, counted, num, type Chapter } from './step.js';

/** Mean of the values of one window, and how well it is known. */
export function valuesChapter(bins: Bins, label: string, index: string): Chapter {
  const arm = valueArm(bins);
  const { values, counts, events, overS } = bins;
  const B = Math.min(BATCHES, values.length);
  const size = B > 0 ? Math.floor(values.length / B) : 0;
  const means = Array.from({ length: B }, (_, j) => {
    const batch = values.subarray(j * size, (j + 1) * size);
    return batch.reduce((sum, value) => sum + value, 0) / Math.max(1, size);
  });
  const centre = means.reduce((sum, mean) => sum + mean, 0) / Math.max(1, B);
  const squares = means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0);
  const chance = counts && overS > 0 ? `; (${num(events)} + 4) / ${num(overS)}^2` : '';
  return {
    title: `Values of the ${label}`,
    words:
      `${values.length} values in ${B} batches: how much the batches vary says how well the mean is known.` +
      (counts ? ' Events were counted: chance alone, with 4 that may have been missed, is the least variation.' : ''),
    lists: [{ name: 'g_j', means: 'mean of each batch', values: means.map((mean) => Number(mean.toPrecision(10))) }],
    steps: [
      counted(`μ${index}`, 'mean of the values', arm.mean),
      {
        ...counted('S', 'squared deviations of the batches', squares),
        formula: 'sum over j of (g_j − mean of all g)^2',
      },
      computed(
        `v${index}`,
        'variance of the mean',
        counts ? 'the larger of S / (B − 1) / B and (events + 4) / seconds^2' : 'S / (B − 1) / B',
        B > 1 ? `max(${num(squares)} / ${B - 1} / ${B}${chance === '' ? '; 0' : chance})` : '',
        arm.variance,
      ),
    ],
  };
}

/** One window's mean against its limit. */
export function valueLimitChapter(arm: ValueArm, answer: Answer, op: '<=' | '>=', alpha: number): Chapter {
  const { phi, dfOne } = answer.dispersion;
  const k = answer.k ?? 0;
  const { low, high } = answer.interval;
  const half = `${num(k)} * sqrt(${num(arm.variance)} * ${num(phi)})`;
  return {
    title: 'Is it within its limit?',
    words: 'Kept if the interval of the mean is wholly on the good side of the limit M, broken if wholly beyond.',
    lists: [],
    steps: [
      counted('φ', 'what autocorrelation adds to the variance', phi),
      ...criticalSteps({ arms: 1, alpha, k: answer.k, df: dfOne, phi, B: Math.max(2, Math.min(BATCHES, arm.batches)) }),
      computed('l', 'lower end', 'μ − k * sqrt(v * φ)', `${num(arm.mean)} - ${half}`, low),
      computed('u', 'upper end', 'μ + k * sqrt(v * φ)', `${num(arm.mean)} + ${half}`, high),
      counted('M', `limit (${op})`, answer.limit),
      comparison('l − M', op === '>=' ? 'not below 0: kept' : 'above 0: broken', low, answer.limit),
      comparison('u − M', op === '>=' ? 'below 0: broken' : 'not above 0: kept', high, answer.limit),
    ],
  };
}

/** From both windows to the comparison with the tolerance. */
export function valueDriftChapter(fault: ValueArm, base: ValueArm, answer: Answer, alpha: number): Chapter {
  const { phi, df } = answer.dispersion;
  const { value, low, high } = answer.interval;
  const B = Math.max(2, Math.min(BATCHES, fault.batches, base.batches));
  return {
    title: 'Drift',
    words:
      'How far the mean moved in the bad direction, as a share of the baseline where the tolerance is one. Passed if the upper end is within the tolerance, failed if the lower end is beyond.',
    lists: [],
    steps: [
      counted('φ', 'what autocorrelation adds to the variance', phi),
      ...criticalSteps({ arms: 2, alpha, k: answer.k, df, phi, B }),
      counted('v1', 'variance of μ1, as used', fault.variance),
      counted('v2', 'variance of μ2, as used', base.variance),
      counted('d', 'drift', value),
      counted('d_lo', 'lower end', low),
      counted('d_hi', 'upper end', high),
      counted('δ', 'tolerance', answer.limit),
      comparison('d_hi − δ', 'not above 0: passed', high, answer.limit),
      comparison('d_lo − δ', 'above 0: failed', low, answer.limit),
    ],
  };
}

/** Every end of a process, held against the limit. */
export function exitsChapter(ends: readonly ProcessEnd[], limitS: number): Chapter {
  return {
    title: 'Each end of a process',
    words:
      'No statistics: every process that was asked to end must have ended in time, by itself, with the agreed code.',
    lists: [{ name: 'ends', means: 'how each process ended', values: ends.map(endInWords) }],
    steps: [
      counted('M', 'limit, seconds', limitS),
      ...ends.map(({ afterS }) => comparison('end − M', 'not above 0: in time', afterS, limitS)),
    ],
  };
}
