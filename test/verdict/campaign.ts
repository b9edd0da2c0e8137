import { random, type Random } from '../../src/support/random.js';
import { gatherEvidence } from '../../src/verdict/evidence/gather.js';
import { disperse, spreadOf, type Arm } from '../../src/verdict/dispersion.js';
import { levelAtLook } from '../../src/verdict/looks.js';
import { ratioDrift, ratioObjective, scoreZ } from '../../src/verdict/ratio.js';
import { normalUpper } from '../../src/verdict/special.js';
import { rateArm, rateDrift } from '../../src/verdict/throughput.js';
import { judgePairs, judgeSinglePair, type Pair } from '../../src/verdict/trials.js';
import { autoregressive, errorArm, gaussian, poisson, type Bursts } from './noise.js';
import { sloOf, streamOf, windowOf } from './arrivals.js';

/**
 * The simulations behind the tables of docs/verdicts.md, on the shipped code: each function answers how often a method
 * passes and fails when the true drift is known.
 */
export interface Rates {
  pass: number;
  fail: number;
}

const ALPHA = 0.05;
export const DELTA = 0.0002;
export const BURSTS = {
  two: { outside: 3e-4, inside: 4e-3, lengthS: 2 },
  five: { outside: 2e-4, inside: 0.01, lengthS: 5 },
  ten: { outside: 1e-4, inside: 0.05, lengthS: 10 },
} satisfies Record<string, Bursts>;
const Z = normalUpper(ALPHA);

/** The rule of other tools: the point estimate against the limit, no interval. It always says something. */
function pointRule(rates: Rates, drift: number, limit: number, runs: number): void {
  if (drift <= limit) rates.pass += 1 / runs;
  else rates.fail += 1 / runs;
}

/** A method's rates beside those of the point rule on the same data. */
export interface Beside extends Rates {
  point: Rates;
}
const beside = (): Beside => ({ pass: 0, fail: 0, point: { pass: 0, fail: 0 } });

export interface RatioRow {
  name: string;
  seconds: number;
  rate: number;
  p: number;
  /** True drift. */
  theta: number;
  bursts?: Bursts;
  floor?: number;
}

/** The full procedure of ratios, and the naive score test on the same data. */
export function ratioCampaign(runs: number, row: RatioRow): { ours: Rates; naive: Rates; point: Rates } {
  const ours = { pass: 0, fail: 0 };
  const naive = { pass: 0, fail: 0 };
  const point = { pass: 0, fail: 0 };
  const chance = random(1, `ratio ${row.name} ${row.theta}`);
  for (let run = 0; run < runs; run++) {
    const base = errorArm(row.seconds, row.rate, row.p, row.bursts, chance);
    const fault = errorArm(row.seconds, row.rate, row.p + row.theta, row.bursts, chance);
    const { pass, fail } = ratioVerdict(fault, base, row.floor ?? 1);
    if (pass) ours.pass += 1 / runs;
    if (fail) ours.fail += 1 / runs;
    const z = scoreZ(fault, base, DELTA);
    if (z <= -Z) naive.pass += 1 / runs;
    if (z >= Z) naive.fail += 1 / runs;
    pointRule(point, fault.x / fault.n - base.x / base.n, DELTA, runs);
  }
  return { ours, naive, point };
}

/** One window at its objective: how often it passes and fails. */
export function objectiveCampaign(
  runs: number,
  row: { seconds: number; rate: number; p: number; bursts?: Bursts },
): Beside {
  const rates = beside();
  const chance = random(2, `objective ${row.seconds} ${row.bursts?.lengthS ?? 0}`);
  for (let run = 0; run < runs; run++) {
    const arms = [0, 1].map(() => errorArm(row.seconds, row.rate, row.p, row.bursts, chance));
    const dispersion = disperse(arms.map((arm) => spreadOf(arm)));
    const count = arms[1] as Arm;
    const { pass, fail } = ratioObjective({ count, dispersion, alpha: ALPHA, max: row.p });
    pointRule(rates.point, count.x / count.n, row.p, runs);
    if (pass) rates.pass += 1 / runs;
    if (fail) rates.fail += 1 / runs;
  }
  return rates;
}

/** Bare score test on binomial counts (as Poisson), for the power figures. */
export function scoreCampaign(runs: number, row: { n: number; p: number; theta: number }): Rates {
  const rates = { pass: 0, fail: 0 };
  const chance = random(3, `score ${row.n}`);
  for (let run = 0; run < runs; run++) {
    const base = { x: poisson(row.n * row.p, chance), n: row.n };
    const fault = { x: poisson(row.n * (row.p + row.theta), chance), n: row.n };
    const z = scoreZ(fault, base, DELTA);
    if (z <= -Z) rates.pass += 1 / runs;
    if (z >= Z) rates.fail += 1 / runs;
  }
  return rates;
}

/** The fixed test looked at every `everyS` seconds until it says something: how often it is wrong at the boundary. */
export function peekingCampaign(
  runs: number,
  row: { seconds: number; rate: number; p: number; everyS: number },
): Rates {
  const rates = { pass: 0, fail: 0 };
  const chance = random(4, 'peeking');
  for (let run = 0; run < runs; run++) {
    const base = errorArm(row.seconds, row.rate, row.p, undefined, chance);
    const fault = errorArm(row.seconds, row.rate, row.p + DELTA, undefined, chance);
    const seen = { base: { x: 0, n: 0 }, fault: { x: 0, n: 0 } };
    for (let s = 0; s < row.seconds; s++) {
      seen.base.x += base.badPerSecond[s] ?? 0;
      seen.fault.x += fault.badPerSecond[s] ?? 0;
      seen.base.n += row.rate;
      seen.fault.n += row.rate;
      if ((s + 1) % row.everyS > 0 || Math.min(seen.base.x, seen.fault.x) < 10) continue;
      const z = scoreZ(seen.fault, seen.base, DELTA);
      if (Math.abs(z) < Z) continue;
      if (z < 0) rates.pass += 1 / runs;
      else rates.fail += 1 / runs;
      break;
    }
  }
  return rates;
}

/** P95 of lognormal latencies (σ = 0.5) with AR(1) noise a second on the logarithm; δ = 5 %, drift `factor`. */
export function quantileCampaign(
  runs: number,
  row: { seconds: number; rate: number; sd: number; phi: number; factor: number },
): Beside {
  const rates = beside();
  const chance = random(5, `quantile ${row.sd} ${row.phi} ${row.factor} ${row.seconds}`);
  const slo = sloOf({
    indicator: { type: 'latency', quantile: 0.95, population: 'all' },
    tolerances: [{ type: 'relative', value: 0.05 }],
  });
  for (let run = 0; run < runs; run++) {
    const evidence = gatherEvidence(
      {
        baseline: [latencyWindow('baseline', row, 1, chance)],
        fault: [latencyWindow('fault', row, row.factor, chance)],
        recovery: [],
      },
      { slo, noise: undefined, stoppedEarly: false },
    );
    const { pass, fail, interval } = evidence.tolerance({ type: 'relative', value: 0.05 }, ALPHA);
    pointRule(rates.point, interval.value, 0.05, runs);
    if (pass) rates.pass += 1 / runs;
    if (fail) rates.fail += 1 / runs;
  }
  return rates;
}

/** Goodput with AR(1) noise a second on its logarithm; Z = 3 %. */
export function rateCampaign(
  runs: number,
  row: { seconds: number; rate: number; sd: number; phi: number; drop: number },
): Beside {
  const rates = beside();
  const chance = random(6, `rate ${row.sd} ${row.phi} ${row.drop} ${row.seconds}`);
  const arm = (mean: number) => {
    const noise = autoregressive(row.seconds, row.sd, row.phi, chance);
    return rateArm(noise.map((value) => poisson(mean * Math.exp(value - row.sd ** 2 / 2), chance)));
  };
  for (let run = 0; run < runs; run++) {
    const base = arm(row.rate);
    const fault = arm(row.rate * (1 - row.drop));
    const { pass, fail, value } = rateDrift({ fault, base, alpha: ALPHA, delta: 0.03, direction: 'worse' });
    pointRule(rates.point, value, 0.03, runs);
    if (pass) rates.pass += 1 / runs;
    if (fail) rates.fail += 1 / runs;
  }
  return rates;
}

/**
 * Repeated trials while the system drifts by itself: windows of ln P95 with a standard error of 1 % within, `between` from
 * window to window, and a `trend` from each window to the next; δ = 5 %. `layout` names the windows in the order of time.
 */
export function trialsCampaign(
  runs: number,
  row: { layout: string; between: number; trend: number; drift: number },
): Beside {
  const rates = beside();
  const chance = random(7, `trials ${row.layout} ${row.between} ${row.trend} ${row.drift}`);
  const within = 0.01;
  for (let run = 0; run < runs; run++) {
    const pairs = pairsOfLayout(row, within, chance);
    const drifts = pairs.map(({ drift }) => drift.value);
    const question = { delta: 0.05, alpha: ALPHA, direction: 'worse' as const };
    // One pair knows no more than its own error.
    const [only] = pairs;
    const { pass, fail } =
      pairs.length === 1 && only ? judgeSinglePair(only, 0, question) : judgePairs(pairs, question);
    if (pass) rates.pass += 1 / runs;
    if (fail) rates.fail += 1 / runs;
    pointRule(rates.point, drifts.reduce((sum, d) => sum + d, 0) / drifts.length, 0.05, runs);
  }
  return rates;
}

function pairsOfLayout(
  { layout, between, trend, drift }: { layout: string; between: number; trend: number; drift: number },
  within: number,
  chance: Random,
): Pair[] {
  const values = Array.from(layout, (letter, at) => ({
    letter,
    value: (letter === 'B' ? drift : 0) + trend * at + Math.hypot(between, within) * gaussian(chance),
  }));
  return Array.from({ length: layout.length / 2 }, (_, i): Pair => {
    const two = values.slice(2 * i, 2 * i + 2);
    const of = (wanted: string): number => two.find(({ letter }) => letter === wanted)?.value ?? 0;
    const value = of('B') - of('A');
    return { trial: i + 1, drift: { value, low: value, high: value }, se: within * Math.SQRT2 };
  });
}

/** Planned looks on a share: how often each verdict is reached, and after how much of the window (median). */
export function looksCampaign(
  runs: number,
  row: { seconds: number; rate: number; p: number; theta: number; looks: number; bursts?: Bursts },
): Rates & { median: number } {
  const rates = { pass: 0, fail: 0 };
  const chance = random(8, `looks ${row.theta} ${row.bursts?.lengthS ?? 0}`);
  const ends: number[] = [];
  for (let run = 0; run < runs; run++) {
    const base = errorArm(row.seconds, row.rate, row.p, row.bursts, chance);
    const fault = errorArm(row.seconds, row.rate, row.p + row.theta, row.bursts, chance);
    let end = row.seconds;
    for (let look = 1; look <= row.looks; look++) {
      const to = Math.round((row.seconds * look) / row.looks);
      const { pass, fail } = ratioVerdict(head(fault, to), head(base, to), 1, levelAtLook(look, row.looks, ALPHA));
      if (!pass && !fail) continue;
      if (pass) rates.pass += 1 / runs;
      else rates.fail += 1 / runs;
      end = to;
      break;
    }
    ends.push(end);
  }
  const sorted = ends.sort((a, b) => a - b);
  return { ...rates, median: sorted[Math.floor(runs / 2)] ?? row.seconds };
}

/** The first seconds of an arm. */
function head(arm: Arm, seconds: number): Arm {
  const badPerSecond = arm.badPerSecond.subarray(0, seconds);
  const totalPerSecond = arm.totalPerSecond.subarray(0, seconds);
  return {
    badPerSecond,
    totalPerSecond,
    x: badPerSecond.reduce((sum, bad) => sum + bad, 0),
    n: totalPerSecond.reduce((sum, all) => sum + all, 0),
  };
}

function ratioVerdict(fault: Arm, base: Arm, floor: number, alpha = ALPHA): { pass: boolean; fail: boolean } {
  const dispersion = disperse([spreadOf(base), spreadOf(fault)], { floor, anyEvents: fault.x + base.x > 0 });
  return ratioDrift({ fault, base, dispersion, alpha, delta: DELTA, direction: 'worse' });
}

function latencyWindow(
  kind: 'baseline' | 'fault',
  row: { seconds: number; rate: number; sd: number; phi: number },
  factor: number,
  chance: Random,
) {
  const noise = autoregressive(row.seconds, row.sd, row.phi, chance);
  const count = row.seconds * row.rate;
  const stream = {
    ...streamOf([], { deadlinesS: [60] }),
    dueUs: new Float64Array(count),
    responseUs: new Uint32Array(count),
    status: new Uint16Array(count).fill(200),
    outcome: new Uint8Array(count),
    request: new Uint8Array(count),
  };
  for (let i = 0; i < count; i++) {
    const dueS = i / row.rate;
    stream.dueUs[i] = dueS * 1e6;
    stream.responseUs[i] = 40_000 * factor * Math.exp(0.5 * gaussian(chance) + (noise[Math.floor(dueS)] ?? 0));
  }
  return windowOf(kind, 0, row.seconds, [stream]);
}
