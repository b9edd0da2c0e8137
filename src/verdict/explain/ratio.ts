import type { Answer } from '../evidence/evidence.js';
import { clopperPearson, restricted, scoreZ, shrink, wilson, type Count } from '../ratio.js';
import { levelOf } from '../dispersion.js';
import { comparison, exactSteps, limitSteps, moverSteps, wilsonSteps } from './intervals.js';
import { computed, counted, num, type Chapter, type Step } from './step.js';

interface RatioQuestion {
  answer: Answer;
  fault: Count;
  base: Count;
  direction: 'worse' | 'both';
  relative: boolean;
}

/** The drift of a bad share, from the counts to the comparison with the tolerance. Index 1: fault; 2: baseline. */
export function ratioDriftChapters({ answer, fault, base, direction, relative }: RatioQuestion): Chapter[] {
  const { D } = answer.dispersion;
  const [one, two] = [shrink(fault, D), shrink(base, D)];
  return [
    effectiveChapter(
      [
        ['1', 'fault window', fault, one],
        ['2', 'baseline', base, two],
      ],
      D,
    ),
    relative
      ? conditionalChapter(answer, one, two, direction)
      : answer.method === 'score test'
        ? scoreChapter(answer, one, two, direction)
        : moverChapter(answer, one, two, direction),
  ];
}

/** A bad share in one window against its limit. `good`: the indicator counts the good ones, so the limit is mirrored. */
export function ratioObjectiveChapters(answer: Answer, count: Count, good: boolean, op: '<=' | '>='): Chapter[] {
  const { D } = answer.dispersion;
  const effective = shrink(count, D);
  const k = answer.k ?? 0;
  const level = levelOf(k);
  const bad = clopperPearson(effective, level);
  const max = good ? 1 - answer.limit : answer.limit;
  return [
    effectiveChapter([['1', 'window', count, effective]], D),
    {
      title: 'Is the share within its limit?',
      words:
        'The exact (Clopper–Pearson) interval: the largest and the smallest true bad share under which as few, or as many, bad arrivals would still be seen by chance with probability α_k. The objective is kept if the whole interval is within the limit, broken if it is wholly beyond.',
      lists: [],
      steps: [
        computed('α_k', 'the chance that belongs to k', '1 − Φ(k)', `tail(${num(k)})`, level),
        ...exactSteps('1', effective, level),
        good
          ? computed('m', 'limit of the bad share', '1 − objective', `1 - ${num(answer.limit)}`, max)
          : counted('m', `limit of the bad share, as written (${op})`, max),
        comparison('u1 − m', 'not above 0: the objective is kept', bad.high, max),
        comparison('l1 − m', 'above 0: the objective is broken', bad.low, max),
      ],
    },
  ];
}

/** After a stop that nobody planned: what holds at every moment. */
export function stoppedChapter(answer: Answer): Chapter {
  const { low, high } = answer.interval;
  return {
    title: 'After an early stop',
    words:
      'The run ended before its plan, so an interval for the planned end would be wrong: it was looked at before. A confidence sequence (a Gamma mixture, Howard, Ramdas and others 2021) holds at every moment at once and is therefore wider; its ends are found by search. A betting process on blocks of seconds may prove a failure as well.',
    lists: [],
    steps: [
      counted('L', 'lower end', low),
      counted('U', 'upper end', high),
      counted('limit', 'what it is held against', answer.limit),
    ],
  };
}

function effectiveChapter(arms: [string, string, Count, Count][], D: number): Chapter {
  return {
    title: 'Effective counts',
    words:
      'Bad arrivals (x) of all scheduled ones (n), each divided by D: what so many independent arrivals would tell.',
    lists: [],
    steps: arms.flatMap(([index, label, raw, effective]): Step[] => [
      counted(`X${index}`, `bad arrivals, ${label}`, raw.x),
      counted(`N${index}`, `all arrivals, ${label}`, raw.n),
      computed(`x${index}`, 'effective bad arrivals', `X${index} / D`, `${num(raw.x)} / ${num(D)}`, effective.x),
      computed(`n${index}`, 'effective arrivals', `N${index} / D`, `${num(raw.n)} / ${num(D)}`, effective.n),
      computed(
        `p${index}`,
        'bad share',
        `X${index} / N${index}`,
        `${num(raw.x)} / ${num(raw.n)}`,
        raw.n > 0 ? raw.x / raw.n : 0,
      ),
    ]),
  };
}

function scoreChapter(answer: Answer, one: Count, two: Count, direction: 'worse' | 'both'): Chapter {
  const k = answer.k ?? 0;
  const steps = scoreSteps(one, two, answer.limit, '1', '2', 'Z');
  const Z = scoreZ(one, two, answer.limit);
  if (direction === 'both') steps.push(...scoreSteps(two, one, answer.limit, '2', '1', "Z'"));
  const [w1, w2] = [wilson(one, k), wilson(two, k)];
  return {
    title: 'Score test: is the drift as large as the tolerance δ?',
    words:
      'Both effective counts are at least 10. q1 and q2 are the bad shares that fit best if the drift were exactly δ (Farrington and Manning 1990, in the rare-event form). Z says how many standard errors the observed drift lies from δ. Z ≤ −k: the drift is smaller than δ, passed. Z ≥ k: it is larger, failed. In between: inconclusive. The interval shown is Newcombe’s (MOVER on Wilson), for the eye only.',
    lists: [],
    steps: [
      counted('δ', 'tolerance', answer.limit),
      ...steps,
      comparison('Z + k', 'not above 0: passed', Z, -k),
      comparison('Z − k', '0 or more: failed', Z, k),
      ...wilsonSteps('1', one, k),
      ...wilsonSteps('2', two, k),
      ...moverSteps(w1, w2),
    ],
  };
}

function scoreSteps(one: Count, two: Count, delta: number, i: string, j: string, Z: string): Step[] {
  const N = one.n + two.n;
  const B = N * delta - one.x - two.x;
  const { q1, q2 } = restricted(one, two, delta);
  const root = `sqrt(${num(B)}^2 + 4 * ${num(N)} * ${num(two.x)} * ${num(delta)})`;
  const d = one.x / one.n - two.x / two.n;
  return [
    computed(
      'd',
      `drift p${i} − p${j}`,
      `x${i} / n${i} − x${j} / n${j}`,
      `${num(one.x)} / ${num(one.n)} - ${num(two.x)} / ${num(two.n)}`,
      d,
    ),
    computed('N', 'effective arrivals of both windows', `n${i} + n${j}`, `${num(one.n)} + ${num(two.n)}`, N),
    computed('B', 'an aid', `N * δ − x${i} − x${j}`, `${num(N)} * ${num(delta)} - ${num(one.x)} - ${num(two.x)}`, B),
    B > 0
      ? computed(
          `q${j}`,
          'fitted bad share without the drift',
          `2 * x${j} * δ / (B + sqrt(B^2 + 4 * N * x${j} * δ))`,
          `2 * ${num(two.x)} * ${num(delta)} / (${num(B)} + ${root})`,
          q2,
        )
      : computed(
          `q${j}`,
          'fitted bad share without the drift',
          `(−B + sqrt(B^2 + 4 * N * x${j} * δ)) / (2 * N)`,
          `(${root} - (${num(B)})) / (2 * ${num(N)})`.replace(`${num(B)}^2`, `(${num(B)})^2`),
          q2,
        ),
    computed(`q${i}`, 'fitted bad share with it', `q${j} + δ`, `${num(q2)} + ${num(delta)}`, q1),
    computed(
      Z,
      'distance from δ in standard errors',
      `(d − δ) / sqrt(q${i} * (1 − q${i}) / n${i} + q${j} * (1 − q${j}) / n${j})`,
      `(${num(d)} - ${num(delta)}) / sqrt(${num(q1)} * (1 - ${num(q1)}) / ${num(one.n)} + ${num(q2)} * (1 - ${num(q2)}) / ${num(two.n)})`,
      scoreZ(one, two, delta),
    ),
  ];
}

function moverChapter(answer: Answer, one: Count, two: Count, direction: 'worse' | 'both'): Chapter {
  const k = answer.k ?? 0;
  const exact = answer.method.startsWith('Clopper');
  const level = levelOf(k);
  const [a, b] = exact ? [clopperPearson(one, level), clopperPearson(two, level)] : [wilson(one, k), wilson(two, k)];
  const each = exact
    ? [
        computed('α_k', 'the chance that belongs to k', '1 − Φ(k)', `tail(${num(k)})`, level),
        ...exactSteps('1', one, level),
        ...exactSteps('2', two, level),
      ]
    : [...wilsonSteps('1', one, k), ...wilsonSteps('2', two, k)];
  return {
    title: exact ? 'Few bad arrivals: exact intervals' : 'Interval of the drift',
    words: `${
      exact
        ? 'A window has fewer than 10 effective bad arrivals, so the exact (Clopper–Pearson) interval of each window is used; its ends are quantiles of the Beta distribution'
        : 'Shares above 5 %: Wilson’s interval of each window is used'
    }. MOVER (Zou and Donner 2008) makes the interval [L, U] of the drift from both. Passed if U ≤ δ, failed if L > δ.`,
    lists: [],
    steps: [...each, ...moverSteps(a, b), ...limitSteps(answer, direction)],
  };
}

function conditionalChapter(answer: Answer, one: Count, two: Count, direction: 'worse' | 'both'): Chapter {
  const k = answer.k ?? 0;
  const level = levelOf(k);
  const m: Count = { x: one.x, n: one.x + two.x };
  const share = clopperPearson(m, level);
  const ratio = (symbol: string, from: string, pi: number): Step =>
    computed(
      symbol,
      `the drift that belongs to it, as a share of the baseline`,
      `${from} / (1 − ${from}) * n2 / n1 − 1`,
      pi >= 1 ? '' : `${num(pi)} / (1 - ${num(pi)}) * ${num(two.n)} / ${num(one.n)} - 1`,
      pi >= 1 ? Infinity : ((pi / (1 - pi)) * two.n) / one.n - 1,
    );
  return {
    title: 'Rate ratio, given all bad arrivals together',
    words:
      'Of all bad arrivals, the share that fell into the fault window is binomial, whatever the rate. Its exact interval is turned into one for the rate ratio.',
    lists: [],
    steps: [
      computed('m', 'effective bad arrivals of both windows', 'x1 + x2', `${num(one.x)} + ${num(two.x)}`, m.n),
      computed('α_k', 'the chance that belongs to k', '1 − Φ(k)', `tail(${num(k)})`, level),
      ...exactSteps('π', m, level, 'share of them in the fault window'),
      ratio('L', 'lπ', share.low),
      ratio('U', 'uπ', share.high),
      ...limitSteps(answer, direction),
    ],
  };
}
