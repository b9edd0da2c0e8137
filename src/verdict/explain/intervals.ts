import type { Answer } from '../evidence/evidence.js';
import type { Interval } from '../interval.js';
import { clopperPearson, wilson, type Count } from '../ratio.js';
import { computed, counted, num, type Step } from './step.js';

/** Clopper–Pearson: quantiles of the Beta distribution, with the closed forms at 0 and n. */
export function exactSteps(index: string, { x, n }: Count, level: number, what = 'true bad share'): Step[] {
  const { low, high } = clopperPearson({ x, n }, level);
  const [a, nx] = [num(level), num(n - x)];
  return [
    x <= 0
      ? counted(`l${index}`, `least ${what}: none was seen, so 0`, 0)
      : x >= n
        ? computed(`l${index}`, `least ${what}`, 'α_k^(1/n)', `${a}^(1 / ${num(n)})`, low)
        : computed(
            `l${index}`,
            `least ${what}`,
            'Beta(α_k; x; n − x + 1)',
            `beta(${a}; ${num(x)}; ${num(n - x + 1)})`,
            low,
          ),
    x >= n
      ? counted(`u${index}`, `greatest ${what}: all were, so 1`, 1)
      : x <= 0
        ? computed(`u${index}`, `greatest ${what}`, '1 − α_k^(1/n)', `1 - ${a}^(1 / ${num(n)})`, high)
        : computed(
            `u${index}`,
            `greatest ${what}`,
            'Beta(1 − α_k; x + 1; n − x)',
            `betaUpper(${a}; ${num(x + 1)}; ${nx})`,
            high,
          ),
  ];
}

export function wilsonSteps(index: string, count: Count, k: number): Step[] {
  const { x, n } = count;
  const { low, high } = wilson(count, k);
  const [X, N, K] = [num(x), num(n), num(k)];
  const centre = `(${X} / ${N} + ${K}^2 / (2 * ${N}))`;
  const half = `${K} * sqrt(${X} / ${N} * (1 - ${X} / ${N}) / ${N} + ${K}^2 / (4 * ${N}^2))`;
  const [c, h] = ['(p + k^2 / (2 * n)', 'k * sqrt(p * (1 − p) / n + k^2 / (4 * n^2))'];
  return [
    computed(
      `l${index}`,
      'lower end of Wilson’s interval',
      `max(0; ${c} − ${h}) / (1 + k^2 / n))`,
      `max(0; (${centre} - ${half}) / (1 + ${K}^2 / ${N}))`,
      low,
    ),
    computed(
      `u${index}`,
      'upper end',
      `min(1; ${c} + ${h}) / (1 + k^2 / n))`,
      `min(1; (${centre} + ${half}) / (1 + ${K}^2 / ${N}))`,
      high,
    ),
  ];
}

/** MOVER: the interval of a difference from the intervals of both. */
export function moverSteps(one: Interval, two: Interval, what = 'p'): Step[] {
  const d = one.value - two.value;
  const low = d - Math.hypot(one.value - one.low, two.high - two.value);
  const high = d + Math.hypot(one.high - one.value, two.value - two.low);
  const finite = (...all: number[]): boolean => all.every((x) => Number.isFinite(x));
  const square = (a: number, b: number): string => `(${num(a)} - (${num(b)}))^2`;
  return [
    computed('d', 'the drift', `${what}1 − ${what}2`, finite(d) ? `${num(one.value)} - (${num(two.value)})` : '', d),
    computed(
      'L',
      'lower end of the drift',
      `d − sqrt((${what}1 − l1)^2 + (u2 − ${what}2)^2)`,
      finite(low) ? `${num(d)} - sqrt(${square(one.value, one.low)} + ${square(two.high, two.value)})` : '',
      low,
    ),
    computed(
      'U',
      'upper end of the drift',
      `d + sqrt((u1 − ${what}1)^2 + (${what}2 − l2)^2)`,
      finite(high) ? `${num(d)} + sqrt(${square(one.high, one.value)} + ${square(two.value, two.low)})` : '',
      high,
    ),
  ];
}

/** The last comparison of an interval with the tolerance. */
export function limitSteps(answer: Answer, direction: 'worse' | 'both'): Step[] {
  const { low, high } = answer.interval;
  return [
    counted('δ', 'tolerance', answer.limit),
    comparison('U − δ', 'not above 0: passed', high, answer.limit),
    comparison('L − δ', 'above 0: failed', low, answer.limit),
    ...(direction === 'both' ? [comparison('L + δ', 'direction both: below 0 is no pass', low, -answer.limit)] : []),
  ];
}

export function comparison(symbol: string, means: string, a: number, b: number): Step {
  const finite = Number.isFinite(a) && Number.isFinite(b);
  return computed(symbol, means, symbol, finite ? `${num(a)} - (${num(b)})` : '', a - b);
}
