import { BATCHES } from '../dispersion.js';
import type { Answer } from '../evidence/evidence.js';
import type { RateArm } from '../throughput.js';
import { criticalSteps } from './noise.js';
import { comparison } from './intervals.js';
import { computed, counted, num, type Chapter, type Step } from './step.js';

/** Mean and variance of goodput in one window, from batches. */
export function rateChapter(
  goodPerSecond: Float64Array,
  arm: RateArm,
  label: string,
  index: string,
  windows = 1,
): Chapter {
  const B = Math.min(BATCHES, goodPerSecond.length);
  const size = B > 0 ? Math.floor(goodPerSecond.length / B) : 0;
  const rates = Array.from({ length: B }, (_, j) => {
    let sum = 0;
    for (let s = j * size; s < (j + 1) * size; s++) sum += goodPerSecond[s] ?? 0;
    return sum / size;
  });
  const centre = rates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, B);
  const squares = rates.reduce((sum, rate) => sum + (rate - centre) ** 2, 0);
  const total = goodPerSecond.reduce((sum, good) => sum + good, 0);
  const steps: Step[] = [
    computed(
      `μ${index}`,
      'good answers per second',
      'good answers / seconds',
      `${num(total)} / ${goodPerSecond.length}`,
      total / goodPerSecond.length,
    ),
    {
      ...counted('S', 'squared deviations of the batch rates', squares),
      formula: 'sum over j of (g_j − mean of all g)^2',
    },
    computed(
      `v${index}`,
      'variance of ln μ',
      'S / (B − 1) / (B * (mean of all g)^2)',
      centre > 0 ? `${num(squares)} / ${B - 1} / (${B} * ${num(centre)}^2)` : '',
      windows === 1 ? arm.variance : centre > 0 ? squares / (B - 1) / (B * centre * centre) : 0,
    ),
  ];
  return {
    title: `Goodput of the ${label}`,
    words: `Good answers per second, in ${B} batches of ${size} s: how much the batches vary says how well the mean is known.`,
    lists: [
      {
        name: 'g_j',
        means: 'good answers per second in each batch',
        values: rates.map((rate) => Number(rate.toPrecision(10))),
      },
    ],
    steps,
  };
}

/** From both windows to the comparison with the tolerance; on logarithms, since the tolerance is relative. */
export function rateDriftChapter(fault: RateArm, base: RateArm, answer: Answer, alpha: number): Chapter {
  const { phi, rhoMean, rho, df } = answer.dispersion;
  const k = answer.k ?? 0;
  const B = Math.max(2, Math.min(BATCHES, fault.batches, base.batches));
  const fall = Math.log(base.mean / fault.mean);
  const se = Math.sqrt((fault.variance + base.variance) * phi);
  const half = k * se;
  const delta = answer.limit < 1 ? -Math.log1p(-answer.limit) : Infinity;
  return {
    title: 'Drift',
    words:
      'How far the logarithm of goodput fell, with its standard error. Neighbouring batches resemble each other (ρ), which φ pays for. Passed if the upper end is within the tolerance, failed if the lower end is beyond.',
    lists: [],
    steps: [
      counted('ρ̄', 'mean lag-1 autocorrelation of the batches', rhoMean),
      computed(
        'ρ*',
        'corrected, kept within 0 and 0.9',
        'min(0.9; max(0; ρ̄ + 1 / B))',
        `min(0.9; max(0; ${num(rhoMean)} + 1 / ${B}))`,
        rho,
      ),
      computed('φ', 'what autocorrelation adds', '(1 + ρ*) / (1 − ρ*)', `(1 + ${num(rho)}) / (1 - ${num(rho)})`, phi),
      ...criticalSteps({ arms: 2, alpha, k: answer.k, df, phi, B }),
      counted('v1', 'variance of ln μ1, as used', fault.variance),
      counted('v2', 'variance of ln μ2, as used', base.variance),
      computed('f', 'fall of the logarithm', 'ln(μ2 / μ1)', `ln(${num(base.mean)} / ${num(fault.mean)})`, fall),
      computed(
        'se',
        'its standard error',
        'sqrt((v1 + v2) * φ)',
        `sqrt((${num(fault.variance)} + ${num(base.variance)}) * ${num(phi)})`,
        se,
      ),
      computed('f_lo', 'lower end', 'f − k * se', `${num(fall)} - ${num(k)} * ${num(se)}`, fall - half),
      computed('f_hi', 'upper end', 'f + k * se', `${num(fall)} + ${num(k)} * ${num(se)}`, fall + half),
      computed(
        'δ_ln',
        'the tolerance on logarithms',
        '−ln(1 − δ)',
        answer.limit < 1 ? `-ln(1 - ${num(answer.limit)})` : '',
        delta,
      ),
      comparison('f_hi − δ_ln', 'not above 0: passed', fall + half, delta),
      comparison('f_lo − δ_ln', 'above 0: failed', fall - half, delta),
    ],
  };
}

/** One window's goodput against its limit. */
export function rateLimitChapter(arm: RateArm, answer: Answer, op: '<=' | '>=', alpha: number): Chapter {
  const { phi, dfOne } = answer.dispersion;
  const k = answer.k ?? 0;
  const { low, high } = answer.interval;
  const factor = `exp(${num(k)} * sqrt(${num(arm.variance)} * ${num(phi)}))`;
  return {
    title: 'Is it within its limit?',
    words:
      'The interval is symmetric on logarithms. Kept if it is wholly on the good side of the limit M, broken if wholly beyond.',
    lists: [],
    steps: [
      counted('φ', 'what autocorrelation adds to the variance', phi),
      ...criticalSteps({ arms: 1, alpha, k: answer.k, df: dfOne, phi, B: Math.max(2, Math.min(BATCHES, arm.batches)) }),
      computed('l', 'lower end', 'μ / exp(k * sqrt(v * φ))', `${num(arm.mean)} / ${factor}`, low),
      computed('u', 'upper end', 'μ * exp(k * sqrt(v * φ))', `${num(arm.mean)} * ${factor}`, high),
      counted('M', `limit per second (${op})`, answer.limit),
      comparison('l − M', op === '>=' ? 'not below 0: kept' : 'above 0: broken', low, answer.limit),
      comparison('u − M', op === '>=' ? 'below 0: broken' : 'not above 0: kept', high, answer.limit),
    ],
  };
}
