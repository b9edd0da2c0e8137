import { leastArrivals } from './quantile.js';
import {
  differencePlan,
  leastWithoutErrors,
  ratioNeeded,
  ratioPower,
  ratioSmallest,
  relativeRatioPlan,
} from './sample-size.js';
import { foreseeSource } from './foresee-source.js';
import { isFromElsewhere, measureOf } from './indicators/registry.js';
import type { Measure } from './indicators/indicator.js';
import type { SloNoise } from './noise-profile.js';
import { GOOD_RUN } from './recovery.js';
import type { Slo, Tolerance } from './slo.js';
import { normalUpper } from './special.js';
import { formatDrift, formatValue, significant } from './words.js';

/** What can be said of an SLO's part before anything is injected. Counts are arrivals a window; for recovery, seconds. */
export interface Foresight {
  slo: string;
  part: string;
  planned: number;
  /** Null: not foreseeable without a noise profile. */
  needed: number | null;
  smallestTolerance: string;
  /** Chance to pass if the fault does no harm. */
  passChance: number | null;
  sentence: string;
}

export interface ForeseenStream {
  name: string;
  model: 'open' | 'closed';
  /** Absent for closed-model streams and for shares of a capacity that is not measured yet. */
  ratePerSecond?: number | undefined;
  requests?: readonly { name: string; weight: number }[] | undefined;
}

/** Chance of passing that "needed" stands for. */
const POWER = 0.9;

/**
 * Foresees whether this much load can decide these SLOs. The bad share is taken from the objective's limit where there is
 * one, else from "no errors at all"; the design effect from the noise profile, else 1. Each sentence says which.
 */
export function foresee(
  slos: readonly Slo[],
  streams: readonly ForeseenStream[],
  phases: { baselineS: number; faultS: number; recoveryS: number; trials?: number },
  noise: Readonly<Record<string, SloNoise>> = {},
): Foresight[] {
  // The test within windows sees all trials together.
  const trials = phases.trials ?? 1;
  return slos.flatMap((slo) => {
    if (isFromElsewhere(slo.indicator)) return foreseeSource(slo, slo.indicator);
    const measure = measureOf(slo.indicator, slo.objective);
    if (measure.kind === 'values' || measure.kind === 'exits') return [];
    const rate = plannedRate(slo, streams);
    const D = Math.max(1, slo.minClusterSize, noise[slo.name]?.designEffect ?? 1);
    const alpha = 1 - slo.confidence;
    const rows: Foresight[] = [];
    if (slo.objective) {
      const seconds = slo.objective.during === 'recovery' ? phases.recoveryS : phases.faultS;
      rows.push(foreseeObjective(slo, measure, { alpha, D, rate, seconds: seconds * trials, trials }));
    }
    const compared = Math.min(phases.baselineS, phases.faultS) * trials;
    for (const tolerance of slo.tolerances) {
      rows.push(
        foreseeTolerance(slo, measure, tolerance, { alpha, D, rate, seconds: compared, trials }, noise[slo.name]),
      );
    }
    if (slo.recoverWithinS !== undefined) rows.push(foreseeRecovery(slo.name, slo.recoverWithinS, phases.recoveryS));
    return rows;
  });
}

type ArrivalMeasure = Exclude<Measure, { kind: 'values' | 'exits' }>;

interface Means {
  alpha: number;
  D: number;
  /** Arrivals a second; undefined where nobody can know before the run. */
  rate: number | undefined;
  /** Of all trials together. */
  seconds: number;
  trials: number;
}

function foreseeObjective(slo: Slo, measure: ArrivalMeasure, means: Means): Foresight {
  const { alpha, D } = means;
  const planned = plannedArrivals(means);
  const common = { slo: slo.name, part: 'objective', planned };
  const limit = slo.objective?.value ?? 0;
  if (measure.kind === 'ratio') {
    const room = measure.report === 'good' ? 1 - limit : limit;
    const needed = room > 0 ? Math.ceil(D * leastWithoutErrors(room, alpha)) : null;
    const smallest = planned > 0 ? -Math.expm1((Math.log(alpha) * D) / planned) : null;
    return {
      ...common,
      needed,
      smallestTolerance:
        smallest === null
          ? 'unknown'
          : `${formatValue(measure.report === 'good' ? 1 - smallest : smallest, 'ratio')} at best`,
      passChance: needed === null || planned === 0 ? null : planned >= needed ? 1 : 0,
      sentence:
        needed === null
          ? `${slo.name}: an objective of 100 % can be broken, but no amount of load can prove that it holds`
          : `${slo.name}: the objective needs ${needed} arrivals a window without any error; ${plannedInWords(means, needed)}`,
    };
  }
  if (measure.kind === 'quantile') return foreseeRanks(common, measure.q, means);
  return {
    ...common,
    needed: null,
    smallestTolerance: 'unknown',
    passChance: null,
    sentence: `${slo.name}: how surely the goodput can be told depends on its noise, which only a run shows`,
  };
}

function foreseeTolerance(
  slo: Slo,
  measure: ArrivalMeasure,
  tolerance: Tolerance,
  means: Means,
  noise: SloNoise | undefined,
): Foresight {
  const { alpha, D } = means;
  const planned = plannedArrivals(means);
  const common = { slo: slo.name, part: 'tolerance', planned };
  if (measure.kind === 'quantile') {
    return foreseeByNoise(common, tolerance, means, noise) ?? foreseeRanks(common, measure.q, means);
  }
  const delta = tolerance.value;
  if (measure.kind === 'rate') {
    // Poisson arrivals: the logarithm of a count n has variance 1/n. Even arrivals vary less.
    const plan = differencePlan({
      se: planned > 0 ? Math.sqrt((2 * D) / planned) : Infinity,
      k: normalUpper(alpha),
      delta: -Math.log1p(-Math.min(delta, 0.999)),
      n: planned,
    });
    return {
      ...common,
      needed: plan.needed,
      smallestTolerance: plan.smallest === null ? 'unknown' : formatDrift(-plan.smallest, 'relative').replace('−', ''),
      passChance: plan.power,
      sentence: withNeed(slo.name, plan.needed, means, 'if the goodput varies like a Poisson process'),
    };
  }
  const { p, why } = assumedShare(slo, measure);
  if (tolerance.type === 'relative') {
    const plan = relativeRatioPlan({ p, n: planned, D, delta, alpha });
    return {
      ...common,
      needed: plan.needed,
      smallestTolerance: plan.smallest === null ? 'unknown' : formatDrift(plan.smallest, 'relative').slice(1),
      passChance: plan.power,
      sentence:
        p > 0
          ? withNeed(slo.name, plan.needed, means, why)
          : `${slo.name}: a relative tolerance needs some errors to compare`,
    };
  }
  const needed = ratioNeeded({ p, D, delta, alpha, power: POWER });
  const free = ratioNeeded({ p: 0, D, delta, alpha, power: POWER });
  const smallest = ratioSmallest({ p, n: planned, D, alpha, power: POWER });
  return {
    ...common,
    needed,
    smallestTolerance: smallest === null ? 'none' : formatDrift(smallest, 'ratio').slice(1),
    passChance: planned > 0 ? ratioPower({ p, D, delta, alpha, n: planned }) : null,
    sentence: withNeed(slo.name, needed, means, p > 0 ? `${why}, ${free} if there are no errors at all` : why),
  };
}

/** With a noise profile: its standard error on logarithms, scaled to this many arrivals, and the variation between windows. */
function foreseeByNoise(
  common: { slo: string; part: string; planned: number },
  tolerance: Tolerance,
  means: Means,
  noise: SloNoise | undefined,
): Foresight | undefined {
  const { planned } = common;
  if (!noise || noise.windowSe === null || noise.level === null || !(noise.level > 0) || planned === 0)
    return undefined;
  const relative = tolerance.type === 'relative';
  const delta = Math.log1p(relative ? tolerance.value : tolerance.value / noise.level);
  const within = noise.windowSe ** 2 * (noise.windowArrivals / planned);
  const k = normalUpper(means.alpha);
  const plan = differencePlan({ se: Math.sqrt(2 * (within + noise.betweenWindowsSd ** 2)), k, delta, n: planned });
  // More arrivals shrink the noise within windows alone.
  const reach = k + normalUpper(1 - POWER);
  const room = (delta / reach) ** 2 / 2 - noise.betweenWindowsSd ** 2;
  const needed = room > 0 ? Math.ceil((planned * within) / room) : null;
  const smallest = plan.smallest === null ? null : Math.expm1(plan.smallest);
  const unit = relative ? 'relative' : 'seconds';
  return {
    ...common,
    needed,
    smallestTolerance:
      smallest === null ? 'unknown' : formatDrift(relative ? smallest : smallest * noise.level, unit).slice(1),
    passChance: plan.power,
    sentence:
      needed === null
        ? `${common.slo}: windows of this system differ by more than the tolerance allows for, whatever the load; repeated trials would help`
        : withNeed(common.slo, needed, means, 'at the noise that calibration found'),
  };
}

/** Without a noise profile only this much is known of a quantile: whether its ranks exist. */
function foreseeRanks(common: { slo: string; part: string; planned: number }, q: number, means: Means): Foresight {
  const needed = leastArrivals(q, normalUpper(means.alpha), means.D);
  return {
    ...common,
    needed,
    smallestTolerance: 'unknown without a noise profile',
    passChance: null,
    sentence: withNeed(common.slo, needed, means, 'for an interval to exist; how narrow it is depends on the noise'),
  };
}

function foreseeRecovery(name: string, limitS: number, recoveryS: number): Foresight {
  const needed = limitS + GOOD_RUN;
  return {
    slo: name,
    part: 'recovery',
    planned: recoveryS,
    needed,
    smallestTolerance: recoveryS > GOOD_RUN ? `${significant(recoveryS - GOOD_RUN, 4)} s` : 'none',
    passChance: null,
    sentence:
      recoveryS >= needed
        ? `${name}: ${significant(recoveryS, 4)} s of recovery are enough to tell whether it took longer than ${significant(limitS, 4)} s`
        : `${name}: a recovery phase of ${significant(recoveryS, 4)} s is too short to tell; ${significant(needed, 4)} s are needed`,
  };
}

/** The bad share while all is well, and where it is from. */
function assumedShare(slo: Slo, measure: Measure & { kind: 'ratio' }): { p: number; why: string } {
  if (slo.objective) {
    const limit = measure.report === 'good' ? 1 - slo.objective.value : slo.objective.value;
    return { p: limit, why: `if as many are bad as the objective allows (${formatValue(limit, 'ratio')})` };
  }
  if (slo.indicator.type === 'status' || slo.indicator.type === 'latency-under') {
    return { p: 0.5, why: 'if half of them are bad, the least certain share' };
  }
  return { p: 0, why: 'if there are no errors at all' };
}

function plannedRate(slo: Slo, streams: readonly ForeseenStream[]): number | undefined {
  const named = streams.filter(
    (stream) =>
      (slo.stream === undefined || stream.name === slo.stream) &&
      (slo.request === undefined || !stream.requests || stream.requests.some(({ name }) => name === slo.request)),
  );
  const open = named.filter(({ model }) => model === 'open');
  const chosen = slo.stream === undefined && open.length > 0 ? open : named;
  if (chosen.length === 0) return undefined;
  let sum = 0;
  for (const { ratePerSecond, requests } of chosen) {
    if (ratePerSecond === undefined) return undefined;
    const all = requests?.reduce((weights, { weight }) => weights + weight, 0) ?? 0;
    const own = requests?.find(({ name }) => name === slo.request)?.weight;
    sum += slo.request === undefined || own === undefined || all === 0 ? ratePerSecond : (ratePerSecond * own) / all;
  }
  return sum;
}

function plannedArrivals({ rate, seconds }: Means): number {
  return rate === undefined ? 0 : Math.floor(rate * seconds + 1e-9);
}

function withNeed(name: string, needed: number | null, means: Means, why: string): string {
  if (needed === null) return `${name}: what is needed is not known before the run`;
  return `${name}: needs ${needed} arrivals a window ${why}; ${plannedInWords(means, needed)}`;
}

function plannedInWords(means: Means, needed: number): string {
  const { rate } = means;
  if (rate === undefined) return 'how many there will be is not known before the run';
  const planned = plannedArrivals(means);
  if (planned >= needed) return `${planned} are planned`;
  return `${planned} are planned, windows of ${Math.ceil(needed / rate / means.trials)} s would do`;
}
