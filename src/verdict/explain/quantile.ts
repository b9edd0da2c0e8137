import type { Answer } from '../evidence/evidence.js';
import { quantileInterval, type QuantileInterval, type Sample } from '../quantile.js';
import { limitSteps, moverSteps, comparison } from './intervals.js';
import { computed, counted, num, type Chapter, type Step } from './step.js';

/** The ranks of a window's quantile and the response times found there, seconds. */
export function rankChapter(sample: Sample, label: string, index: string, q: number, answer: Answer): Chapter {
  const k = answer.k ?? 0;
  const { D } = answer.dispersion;
  const n = sample.okUs.length + sample.failedUs.length;
  const half = k * Math.sqrt(n * q * (1 - q) * D);
  const found = quantileInterval(sample, q, k, D);
  const [low, high] = [Math.floor(n * q - half), Math.ceil(n * q + half) + 1];
  const [N, Q] = [num(n), num(q)];
  return {
    title: `P${num(q * 100)} of the ${label}`,
    words: `All ${n} response times in order, the ${sample.failedUs.length} that failed above all others. The true quantile lies between the values at two ranks, whatever the shape of the distribution; the ranks follow from the binomial distribution, widened by D.`,
    lists: [],
    steps: [
      counted('n', 'arrivals', n),
      computed(
        'rank',
        'the rank of the quantile',
        'ceil(n * q)',
        `ceil(${N} * ${Q})`,
        Math.min(n, Math.max(1, Math.ceil(n * q))),
      ),
      computed(
        'h',
        'how many ranks to each side',
        'k * sqrt(n * q * (1 − q) * D)',
        `${num(k)} * sqrt(${N} * ${Q} * (1 - ${Q}) * ${num(D)})`,
        half,
      ),
      computed('r_lo', 'lower rank', 'floor(n * q − h)', `floor(${N} * ${Q} - ${num(half)})`, low),
      computed(
        'r_hi',
        `upper rank${high > n ? ', beyond the last arrival' : ''}`,
        'ceil(n * q + h) + 1',
        `ceil(${N} * ${Q} + ${num(half)}) + 1`,
        high,
      ),
      counted(
        `Q${index}`,
        `seconds at the rank of the quantile${found.atLeast ? ' (at least: it lies among the failures)' : ''}`,
        found.value,
      ),
      counted(`l${index}`, `seconds at r_lo${found.lowExists ? '' : ' (there is no such rank)'}`, found.low),
      counted(
        `u${index}`,
        `seconds at r_hi${Number.isFinite(found.high) ? '' : ' (no upper end: failures or too few arrivals)'}`,
        found.high,
      ),
    ],
  };
}

/** From the two windows' quantiles to the comparison with the tolerance. */
export function quantileDriftChapter(
  fault: QuantileInterval,
  base: QuantileInterval,
  answer: Answer,
  direction: 'worse' | 'both',
): Chapter {
  const relative = answer.unit === 'relative';
  const log = (x: number): number => Math.log(x);
  const map = (interval: QuantileInterval) =>
    relative ? { value: log(interval.value), low: log(interval.low), high: log(interval.high) } : interval;
  const [one, two] = [map(fault), map(base)];
  const logSteps = (index: string, raw: QuantileInterval): Step[] =>
    (['value', 'low', 'high'] as const).map((end) => {
      const symbol = { value: 'Q', low: 'l', high: 'u' }[end] + index;
      const usable = Number.isFinite(raw[end]) && raw[end] > 0;
      return computed(
        `ln ${symbol}`,
        'its logarithm',
        `ln(${symbol})`,
        usable ? `ln(${num(raw[end])})` : '',
        log(raw[end]),
      );
    });
  const back = (symbol: string, end: 'value' | 'low' | 'high', mover: Step | undefined): Step =>
    computed(
      symbol,
      'the same as a share of the baseline',
      'exp(…) − 1',
      mover?.value === null || mover === undefined ? '' : `exp(${num(mover.value)}) - 1`,
      answer.interval[end],
    );
  const moved = moverSteps(one, two, relative ? 'ln Q' : 'Q');
  return {
    title: 'Drift',
    words:
      'MOVER (Zou and Donner 2008) makes the interval of the drift from those of both windows' +
      `${relative ? ', on logarithms since the tolerance is relative' : ''}. Passed if U ≤ δ, failed if L > δ.`,
    lists: [],
    steps: [
      ...(relative ? [...logSteps('1', fault), ...logSteps('2', base)] : []),
      ...moved,
      ...(relative ? [back('d %', 'value', moved[0]), back('L', 'low', moved[1]), back('U', 'high', moved[2])] : []),
      ...limitSteps(answer, direction),
    ],
  };
}

/** One window's quantile against its limit. */
export function quantileLimitChapter(answer: Answer, op: '<=' | '>='): Chapter {
  const { low, high } = answer.interval;
  return {
    title: 'Is it within its limit?',
    words: 'Kept if the whole interval is on the good side of the limit M, broken if it is wholly on the bad side.',
    lists: [],
    steps: [
      counted('M', `limit in seconds (${op})`, answer.limit),
      comparison('u1 − M', op === '<=' ? 'not above 0: kept' : 'below 0: broken', high, answer.limit),
      comparison('l1 − M', op === '<=' ? 'above 0: broken' : 'not below 0: kept', low, answer.limit),
    ],
  };
}
