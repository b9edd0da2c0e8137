import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ArrivalsFile } from '../../src/record/arrivals-file.js';
import { emptyColumns, readArrivals } from '../../src/record/arrivals-reader.js';
import { openRunDirectory } from '../../src/record/run-directory.js';
import { judgeAgain } from '../../src/result/judge-again.js';
import { random, type Random } from '../../src/support/random.js';
import type { Slo } from '../../src/verdict/slo.js';
import { edges, generateRun } from '../result/generated-run.js';
import { autoregressive, gaussian } from './noise.js';
import { sloOf } from './arrivals.js';

/** Arrivals per second, and the length of baseline and fault. */
export const RATE = 50;
export const WINDOW_S = 60;
const SHAPE = { rate: RATE, baselineS: WINDOW_S, faultS: WINDOW_S, recoveryS: 6, addedMs: 0 };

/** How one request of a simulated run ends, by when it is due and whether the fault is on; one of these for each run. */
type System = (dueS: number, broken: boolean) => { failed: boolean; responseS: number };

export interface Situation {
  name: string;
  slo: Slo;
  /** Known to err in up to this share of the runs at the tolerance, and why; the remedy is the situation after it. */
  known?: { limit: number; why: string };
  /** What `plimsoll calibrate` would have found between windows: of the logarithm of a latency. */
  betweenWindowsSd?: number;
  /** A new run. `effect`: 0, nothing changes under the fault; 1, it drifts by exactly the tolerance. */
  system: (chance: Random, effect: number) => System;
}

const quick = { failed: false, responseS: 0.03 };
const failed = { failed: true, responseS: 0.03 };

/** Errors with this share in each second of the run. */
function erring(shareIn: (second: number, broken: boolean) => number, chance: Random): System {
  return (dueS, broken) => (chance.next() < shareIn(Math.floor(dueS), broken) ? failed : quick);
}

const available = (points: number): Slo =>
  sloOf({ indicator: { type: 'availability' }, tolerances: [{ type: 'points', value: points }] });
const p95Within = (share: number): Slo =>
  sloOf({
    indicator: { type: 'latency', quantile: 0.95, population: 'all' },
    tolerances: [{ type: 'relative', value: share }],
  });

/** Two-state bursts of the given mean length; drift means more bursts, not worse ones. */
function bursts(lengthS: number, outside: number, inside: number, p: number, delta: number): Situation['system'] {
  return (chance, effect) => {
    let second = -1;
    let on = false;
    return erring((now, broken) => {
      for (; second < now; second++) {
        const share = (p + (broken ? effect * delta : 0) - outside) / (inside - outside);
        const leave = 1 / lengthS;
        on =
          second < 0
            ? chance.next() < share
            : on
              ? chance.next() >= leave
              : chance.next() < (share * leave) / (1 - share);
      }
      return on ? inside : outside;
    }, chance);
  };
}

/** Lognormal latencies; `level` moves their logarithm second by second. */
function latencies(
  level: (chance: Random) => (dueS: number) => number,
  share: number,
  already = 0,
): Situation['system'] {
  return (chance, effect) => {
    const at = level(chance);
    const added = effect * (Math.log1p(share) - already);
    return (dueS, broken) => ({
      failed: false,
      responseS: 0.04 * Math.exp(0.3 * gaussian(chance) + at(dueS) + (broken ? added : 0)),
    });
  };
}

const wandering = (sd: number, phi: number) => (chance: Random) => {
  const noise = autoregressive(2 * WINDOW_S + 20, sd, phi, chance);
  return (dueS: number): number => noise[Math.floor(dueS)] ?? 0;
};

/** What a system may be like that nobody designed the statistics for: latencies and errors of many kinds. */
export const SITUATIONS: readonly Situation[] = [
  {
    name: 'errors one by one, 1 %',
    slo: available(0.01),
    system: (chance, effect) => erring((_, broken) => 0.01 + (broken ? effect * 0.01 : 0), chance),
  },
  { name: 'error bursts of 2 s', slo: available(0.02), system: bursts(2, 0.005, 0.1, 0.015, 0.02) },
  { name: 'error bursts of 4 s', slo: available(0.03), system: bursts(4, 0.002, 0.15, 0.03, 0.03) },
  {
    name: 'rare clusters: 6 requests in a row, every 6 s',
    slo: available(0.02),
    system: (chance, effect) => {
      let left = 0;
      return (_, broken) => {
        // One in so many arrivals begins a cluster.
        if (left === 0 && chance.next() < (0.02 / 6) * (broken ? 1 + effect : 1)) left = 6;
        if (left === 0) return quick;
        left--;
        return failed;
      };
    },
  },
  {
    name: 'the same, told by minClusterSize: 6',
    slo: { ...available(0.02), minClusterSize: 6 },
    system: (chance, effect) => SITUATIONS[3]!.system(chance, effect),
  },
  { name: 'P95, latencies independent', slo: p95Within(0.1), system: latencies(wandering(0, 0), 0.1) },
  { name: 'P95, AR(1) sd 5 %, φ .8', slo: p95Within(0.1), system: latencies(wandering(0.05, 0.8), 0.1) },
  {
    name: 'P95, AR(1) sd 10 %, φ .95: a window is three of its memories',
    slo: p95Within(0.1),
    known: { limit: 0.14, why: 'one pair of windows cannot know how windows differ' },
    system: latencies(wandering(0.1, 0.95), 0.1),
  },
  {
    name: 'the same, with the noise profile of that system',
    slo: p95Within(0.1),
    // The standard deviation of a mean of 60 s of that noise: 0.1 · √(39 ÷ 60), less what the windows still share.
    betweenWindowsSd: 0.075,
    system: latencies(wandering(0.1, 0.95), 0.1),
  },
  {
    name: 'P95, a day in a minute and a half: ±5 %, any phase',
    slo: p95Within(0.1),
    system: latencies((chance) => {
      const phase = chance.next();
      return (dueS) => 0.05 * Math.sin(2 * Math.PI * (dueS / 90 + phase));
    }, 0.1),
  },
  {
    name: 'P95, drift of 2 % a minute all along',
    slo: p95Within(0.1),
    system: latencies(() => (dueS) => (0.02 * dueS) / 60, 0.1, 0.02),
  },
  {
    name: 'goodput with error bursts of 2 s',
    slo: sloOf({ indicator: { type: 'throughput' }, tolerances: [{ type: 'relative', value: 0.03 }] }),
    system: bursts(2, 0.005, 0.1, 0.015, 0.03 * 0.985),
  },
];

export interface Shares {
  pass: number;
  fail: number;
}

/**
 * Judges so many recorded runs of a situation, each from its files as `plimsoll judge` does, and says how often they pass
 * and fail.
 */
export function judgeFiles(folder: string, situation: Situation, effect: number, runs: number): Shares {
  const path = join(folder, `${SITUATIONS.indexOf(situation)}-${effect}`);
  const { slo, betweenWindowsSd } = situation;
  generateRun({
    ...SHAPE,
    folder: path,
    event: (type, body) => {
      if (type === 'plan.resolved' && betweenWindowsSd !== undefined)
        body['noise'] = { [slo.name]: { betweenWindowsSd } };
    },
  });
  const directory = openRunDirectory(path);
  const { header } = readArrivals(directory.arrivals);
  const at = edges(SHAPE);
  const chance = random(11, `${situation.name} ${effect}`);
  const shares = { pass: 0, fail: 0 };
  for (let run = 0; run < runs; run++) {
    rmSync(directory.arrivals);
    const file = ArrivalsFile.create(directory.arrivals, header);
    const count = Math.ceil((at.end * RATE) / 1e6);
    const columns = emptyColumns(count);
    const system = situation.system(chance, effect);
    for (let k = 0; k < count; k++) {
      const dueUs = (k * 1e6) / RATE;
      const { failed, responseS } = system(dueUs / 1e6, dueUs >= at.requested && dueUs < at.faultEnd);
      columns.index[k] = k;
      columns.dueUs[k] = dueUs;
      columns.responseUs[k] = Math.min(2e6, responseS * 1e6);
      columns.status[k] = failed ? 500 : 200;
      columns.outcome[k] = failed ? 2 : 0;
    }
    file.append({ stream: 0, columns });
    file.close();
    const verdict = judgeAgain(directory, [slo]).slos[0]?.verdict;
    if (verdict === 'passed') shares.pass += 1 / runs;
    if (verdict === 'failed') shares.fail += 1 / runs;
  }
  return shares;
}
