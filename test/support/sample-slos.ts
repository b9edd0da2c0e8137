import type { PartJudgement, Reason, SloJudgement } from '../../src/verdict/judgement.js';

const NORMAL = { reasons: [], warnings: [], rho: 0.04, df: 18.7, k: 1.73 } satisfies Partial<PartJudgement>;
const N = { baseline: 5000, fault: 5000 };

const availability: SloJudgement = {
  name: 'availability',
  severity: 'critical',
  indicatorText: 'availability',
  objectiveText: '>= 99.9%',
  toleranceText: '0.1pp',
  unit: 'ratio',
  worse: 'down',
  verdict: 'passed',
  reasons: [],
  warnings: [],
  windows: {
    baseline: { value: 1, low: 0.9994, high: 1 },
    fault: { value: 0.9998, low: 0.99905, high: 0.99999 },
    recovery: { value: 1, low: 0.9988, high: 1 },
  },
  parts: [
    {
      ...NORMAL,
      part: 'objective',
      verdict: 'passed',
      estimate: { value: 0.9998, low: 0.99905, high: 0.99999 },
      limit: 0.999,
      unit: 'ratio',
      method: 'Clopper–Pearson',
      n: { fault: 5000 },
      designEffect: 1,
      nEffective: 5000,
      rho: null,
      df: null,
      k: null,
      power: 0.91,
      smallestTolerance: null,
      assumptions: ['errors are independent of each other, as far as 20 batches of one second show'],
      sentence: '99.98 % under fault, 95 % sure of at least 99.905 %; objective at least 99.9 %',
    },
    {
      ...NORMAL,
      part: 'tolerance',
      verdict: 'passed',
      estimate: { value: 0.0002, low: -0.00044, high: 0.00095 },
      limit: 0.001,
      unit: 'ratio',
      method: 'MOVER on Clopper–Pearson',
      n: N,
      designEffect: 1,
      nEffective: 5000,
      power: 0.88,
      smallestTolerance: 0.00097,
      assumptions: ['fewer than 10 errors, so exact intervals are used'],
      sentence: 'fell from 100 % to 99.98 % (−0.02 pp, 95 % sure of at most −0.095 pp; tolerance −0.1 pp)',
    },
  ],
  sentence: 'fell from 100 % to 99.98 % (−0.02 pp, 95 % sure of at most −0.095 pp; tolerance −0.1 pp)',
};

function checkoutTolerance(limit: number, verdict: 'passed' | 'failed'): PartJudgement {
  return {
    ...NORMAL,
    part: 'tolerance',
    verdict,
    estimate: { value: 0.1553, low: 0.1492, high: 0.1611 },
    limit,
    unit: 'seconds',
    method: 'MOVER on order statistics',
    n: N,
    designEffect: 1.21,
    nEffective: 4132,
    power: limit > 0.1 ? 1 : 0.99,
    smallestTolerance: 0.0062,
    assumptions: ['an arrival that is not ok ranks above every ok one', 'one-second batches are nearly independent'],
    sentence:
      verdict === 'passed'
        ? `rose from 41 to 196 ms (+155 ms, 95 % sure of at most +161; tolerance +${limit * 1000} ms)`
        : `rose from 41 to 196 ms (+155 ms, 95 % sure of at least +149; tolerance +${limit * 1000} ms)`,
  };
}

function checkout(limit: number, verdict: 'passed' | 'failed'): SloJudgement {
  const tolerance = checkoutTolerance(limit, verdict);
  return {
    name: 'checkout p95',
    severity: 'critical',
    indicatorText: 'latency p95',
    objectiveText: '<= 250ms',
    toleranceText: `${limit * 1000}ms`,
    recoverWithinS: 5,
    stream: 'checkouts',
    request: 'checkout',
    unit: 'seconds',
    worse: 'up',
    verdict,
    reasons: [],
    warnings: [],
    windows: {
      baseline: { value: 0.0407, low: 0.0396, high: 0.0419 },
      fault: { value: 0.196, low: 0.1911, high: 0.2017 },
      recovery: { value: 0.0448, low: 0.0421, high: 0.0483 },
    },
    parts: [
      {
        ...NORMAL,
        part: 'objective',
        verdict: 'passed',
        estimate: { value: 0.196, low: 0.1911, high: 0.2017 },
        limit: 0.25,
        unit: 'seconds',
        method: 'order statistics',
        n: { fault: 5000 },
        designEffect: 1.21,
        nEffective: 4132,
        power: 1,
        smallestTolerance: null,
        assumptions: ['an arrival that is not ok ranks above every ok one'],
        sentence: '196 ms under fault, 95 % sure of at most 202 ms; objective at most 250 ms',
      },
      tolerance,
      {
        ...NORMAL,
        part: 'recovery',
        verdict: 'passed',
        estimate: { value: 1.4, low: 0.9, high: 2.1 },
        limit: 5,
        unit: 'seconds',
        method: 'five healthy seconds in a row',
        n: { fault: 2500 },
        designEffect: null,
        nEffective: null,
        rho: null,
        df: null,
        k: 5,
        power: null,
        smallestTolerance: null,
        assumptions: ['counted from the proven undo of the latency'],
        sentence: 'was healthy again 1.4 s after the undo was proven; allowed 5 s',
      },
    ],
    sentence: tolerance.sentence,
  };
}

const paidAtOnce: SloJudgement = {
  name: 'paid at once',
  severity: 'info',
  indicatorText: 'status 200',
  toleranceText: '60pp',
  request: 'checkout',
  unit: 'ratio',
  worse: 'down',
  verdict: 'failed',
  reasons: [],
  warnings: [],
  windows: {
    baseline: { value: 0.9994, low: 0.9986, high: 0.9998 },
    fault: { value: 0.3122, low: 0.3012, high: 0.3234 },
    recovery: { value: 0.9712, low: 0.9649, high: 0.9765 },
  },
  parts: [
    {
      ...NORMAL,
      part: 'tolerance',
      verdict: 'failed',
      estimate: { value: 0.6872, low: 0.6761, high: 0.6982 },
      limit: 0.6,
      unit: 'ratio',
      method: 'score test',
      n: N,
      designEffect: 1.36,
      nEffective: 3676,
      power: 1,
      smallestTolerance: 0.021,
      assumptions: ['one-second batches are nearly independent'],
      sentence: 'fell from 99.94 % to 31.22 % (−68.7 pp, 95 % sure of at least −67.6 pp; tolerance −60 pp)',
    },
  ],
  sentence: 'fell from 99.94 % to 31.22 % (−68.7 pp, 95 % sure of at least −67.6 pp; tolerance −60 pp)',
};

const goodput: SloJudgement = {
  name: 'goodput',
  severity: 'warning',
  indicatorText: 'throughput',
  toleranceText: '10%',
  stream: 'checkouts',
  unit: 'per_second',
  worse: 'down',
  verdict: 'passed',
  reasons: [],
  warnings: [],
  windows: {
    baseline: { value: 250, low: 249.1, high: 250.9 },
    fault: { value: 249.95, low: 248.6, high: 251.2 },
    recovery: { value: 250, low: 248.3, high: 251.4 },
  },
  parts: [
    {
      ...NORMAL,
      part: 'tolerance',
      verdict: 'passed',
      estimate: { value: 0.0002, low: -0.0061, high: 0.0064 },
      limit: 0.1,
      unit: 'relative',
      method: 'log ratio of batch means',
      n: N,
      designEffect: 1,
      nEffective: 5000,
      power: 1,
      smallestTolerance: 0.012,
      assumptions: ['batch means are nearly normal'],
      sentence: 'went from 250 to 249.95 per second (−0.02 %, 95 % sure of at most −0.64 %; tolerance −10 %)',
    },
  ],
  sentence: 'went from 250 to 249.95 per second (−0.02 %, 95 % sure of at most −0.64 %; tolerance −10 %)',
};

const closedModel: Reason = {
  code: 'closed_model',
  message: 'shoppers wait for their answers, so they send less when the system is slow; this hides stalls',
};
const underpowered: Reason = {
  code: 'underpowered',
  window: 'fault',
  observed: '1,483 arrivals',
  required: '6,200 arrivals',
  message: '1,483 arrivals in the fault window are too few to decide 1 ms on a p99; about 6,200 would',
  hint: 'Give the fault phase 84 s, or raise the tolerance to 2.4 ms.',
};

const browse: SloJudgement = {
  name: 'browse p99',
  severity: 'warning',
  indicatorText: 'latency p99',
  toleranceText: '1ms',
  stream: 'shoppers',
  unit: 'seconds',
  worse: 'up',
  verdict: 'inconclusive',
  reasons: [underpowered],
  warnings: [closedModel],
  windows: {
    baseline: { value: 0.01432, low: 0.0136, high: 0.0151 },
    fault: { value: 0.01506, low: 0.0141, high: 0.0168 },
  },
  parts: [
    {
      ...NORMAL,
      part: 'tolerance',
      verdict: 'inconclusive',
      reasons: [underpowered],
      warnings: [closedModel],
      estimate: { value: 0.00074, low: -0.0006, high: 0.0024 },
      limit: 0.001,
      unit: 'seconds',
      method: 'MOVER on order statistics',
      n: { baseline: 1481, fault: 1483 },
      designEffect: 1.44,
      nEffective: 1030,
      power: 0.21,
      smallestTolerance: 0.0024,
      assumptions: ['one-second batches are nearly independent'],
      sentence: 'rose from 14.3 to 15.1 ms (+0.7 ms, 95 % sure of at most +2.4; tolerance +1 ms): not enough to decide',
    },
  ],
  sentence: 'rose from 14.3 to 15.1 ms (+0.7 ms, 95 % sure of at most +2.4; tolerance +1 ms): not enough to decide',
};

const fewEpisodes: Reason = {
  code: 'underpowered',
  window: 'fault',
  observed: '5,000 arrivals',
  required: '7,400 arrivals',
  message: '5,000 arrivals a window are too few for a tolerance of 0.1 pp; about 7,400 would decide it',
  hint: 'Give baseline and fault 30 s each.',
};

const undecided: SloJudgement = {
  ...availability,
  verdict: 'inconclusive',
  reasons: [fewEpisodes],
  parts: availability.parts.map((part) =>
    part.part === 'tolerance'
      ? {
          ...part,
          verdict: 'inconclusive',
          reasons: [fewEpisodes],
          estimate: { value: 0.0002, low: -0.0006, high: 0.0012 },
          sentence:
            'fell from 100 % to 99.98 % (−0.02 pp, somewhere between +0.044 and −0.12 pp; tolerance −0.1 pp): not enough to decide',
        }
      : part,
  ),
};

/** The judgements of the sample and of its variants. */
export const SLOS = {
  passed: [availability, checkout(0.2, 'passed'), paidAtOnce, goodput, browse],
  failed: [availability, checkout(0.05, 'failed'), paidAtOnce, goodput, browse],
  inconclusive: [undecided, checkout(0.2, 'passed'), paidAtOnce, goodput, browse],
} satisfies Record<string, SloJudgement[]>;
