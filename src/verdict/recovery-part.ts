import { select, visit, type Selected } from './arrivals.js';
import type { Evidence, EvidenceOptions, WindowSet } from './evidence/evidence.js';
import { measureOf } from './indicators/registry.js';
import type { Measure } from './indicators/indicator.js';
import type { JudgeInput } from './input.js';
import type { PartJudgement, Reason } from './judgement.js';
import type { Blocker } from './preconditions.js';
import {
  BAD_RUN,
  GOOD_RUN,
  bucketWidth,
  judgeRecovery,
  timeToImpact,
  timeToRecover,
  type Buckets,
  type Recovery,
} from './recovery.js';
import type { Slo, Tolerance } from './slo.js';
import { formatValue, significant } from './words.js';

/** What makes a bucket bad. `share`: more than `limit` of its arrivals are; `rate`: fewer good answers a second. */
type Health =
  | { kind: 'share'; limit: number; isBad: (arrivals: Selected['arrivals'], i: number) => boolean; okOnly: boolean }
  | { kind: 'rate'; limit: number; isGood: (arrivals: Selected['arrivals'], i: number) => boolean };

/** Where the clock of `recoverWithin` starts. */
type Origin = { us: number; after: 'undo' | 'injection' } | { blocker: Blocker };

/** Both methods may differ by this many buckets before it is worth a word. */
const METHODS_APART = 3;
/** Where an SLO has nothing but `recoverWithin`: what still counts as well. */
const DEFAULT_TOLERANCE = { ratio: 0.01, quantile: 1, rate: 0.1 };

/** `recoverWithin`: from the proven undo for lasting faults, from the injection for instant ones, to sustained health. */
export function judgeRecoveryPart(
  input: JudgeInput,
  windows: WindowSet,
  evidence: Evidence,
  options: EvidenceOptions & { limitS: number; blockers: Blocker[] },
): PartJudgement {
  const { slo, limitS } = options;
  const origin = originOf(input, windows);
  const blockers = [...options.blockers];
  if ('blocker' in origin) blockers.push(origin.blocker);
  if (input.stoppedEarly) {
    blockers.push(
      both({ code: 'stopped_early', message: 'the run ended before its plan, so recovery was not seen to its end' }),
    );
  }
  const empty: PartJudgement = {
    part: 'recovery',
    verdict: 'inconclusive',
    reasons: blockers.map(({ reason }) => reason),
    warnings: [],
    estimate: { value: null, low: null, high: null },
    limit: limitS,
    unit: 'seconds',
    method: `${GOOD_RUN} good buckets in a row`,
    n: {},
    designEffect: null,
    nEffective: null,
    rho: null,
    df: null,
    k: null,
    power: null,
    smallestTolerance: null,
    assumptions: [],
    sentence: `has no time to recover to show (limit ${formatValue(limitS, 'seconds')})`,
  };
  if ('blocker' in origin) return empty;

  const selected = select(input.timeline, slo);
  const health = healthOf(measureOf(slo.indicator, slo.objective), slo, evidence);
  const { widthS, coarse } = widthOf(selected, health, origin.us, input.endUs, limitS);
  const buckets = bucketsOf(selected, health, origin.us, input.endUs, widthS);
  const recovery = timeToRecover(buckets);
  let verdict = judgeRecovery(recovery, widthS, limitS);
  const reasons: Reason[] = [];
  const warnings: Reason[] = [];
  if (verdict === 'inconclusive') reasons.push(undecided(recovery, widthS, limitS));
  if (recovery.relapses > 0) {
    warnings.push({
      code: 'recovered_then_relapsed',
      observed: `${recovery.relapses} relapse${recovery.relapses > 1 ? 's' : ''}`,
      message: `after ${GOOD_RUN} good buckets it went bad again for at least ${BAD_RUN}; the time counts to the end of the last relapse`,
    });
  }
  const other = recovery.crossCheckS;
  if (other !== null && recovery.seconds !== null && Math.abs(other - recovery.seconds) > METHODS_APART * widthS) {
    const differs: Reason = {
      code: 'recovery_methods_differ',
      observed: `${recovery.seconds} s by runs of good buckets, ${other} s by CUSUM`,
      message: 'two ways to find the recovery disagree by more than three buckets',
      hint: 'Look at the chart; a longer recovery phase or more load would settle it.',
    };
    if (other <= limitS === recovery.seconds <= limitS) warnings.push(differs);
    else {
      verdict = 'inconclusive';
      reasons.push(differs);
    }
  }
  for (const { takes, reason } of blockers) {
    if (takes === 'both' || verdict !== 'failed') {
      reasons.push(reason);
      verdict = 'inconclusive';
    }
  }
  return {
    ...empty,
    verdict,
    reasons,
    warnings,
    estimate: {
      value: recovery.seconds,
      low: recovery.seconds === null ? recovery.observedS : Math.max(0, recovery.seconds - widthS),
      high: recovery.seconds,
    },
    recovery: { ...clocks(input, windows, selected, health, widthS, origin, recovery), bucketS: widthS },
    assumptions: [
      healthInWords(health, slo),
      ...(coarse ? [`a bucket of ${widthS} s holds few arrivals, so a single bad one can make it bad`] : []),
    ],
    sentence: sentenceOf(recovery, origin.after, limitS),
  };
}

function originOf(input: JudgeInput, windows: WindowSet): Origin {
  const acted = input.faults.filter((fault) => fault.requestedUs !== undefined);
  const lasting = acted.filter((fault) => fault.duration === 'lasting');
  const instants = acted.filter((fault) => fault.duration === 'instant').map((fault) => fault.requestedUs ?? 0);
  const unproven = lasting.find((fault) => fault.undoProvenUs === undefined);
  if (unproven) {
    return {
      blocker: both({
        code: 'undo_unproven',
        observed: `fault ${unproven.id}`,
        message: `nothing proved that fault ${unproven.id} was gone, so the clock has no start`,
        hint: 'Run plimsoll recover, and look at the proof of undo.',
      }),
    };
  }
  if (lasting.length > 0) {
    return { us: Math.max(...lasting.map((fault) => fault.undoProvenUs ?? 0), ...instants), after: 'undo' };
  }
  if (instants.length > 0) return { us: Math.max(...instants), after: 'injection' };
  const start = windows.recovery[0]?.startUs;
  if (start !== undefined) return { us: start, after: 'undo' };
  return {
    blocker: both({
      code: 'no_data',
      window: 'recovery',
      message: 'nothing was injected and there was no recovery phase',
    }),
  };
}

function healthOf(measure: Measure, slo: Slo, evidence: Evidence): Health {
  const base = evidence.estimate('baseline')?.value;
  const { objective } = slo;
  switch (measure.kind) {
    case 'ratio': {
      const { isBad, report } = measure;
      if (objective) {
        const limit = report === 'good' ? 1 - objective.value : objective.value;
        return { kind: 'share', limit, isBad, okOnly: false };
      }
      const p = base === undefined ? 0 : report === 'good' ? 1 - base : base;
      return { kind: 'share', limit: p + drift(slo, p, DEFAULT_TOLERANCE.ratio), isBad, okOnly: false };
    }
    case 'quantile': {
      const { q, population } = measure;
      const q0 = base ?? 0;
      const limitS = objective ? objective.value : q0 + drift(slo, q0, q0 * DEFAULT_TOLERANCE.quantile);
      return {
        kind: 'share',
        // Twice the nominal share (10 % for P95); for a median that would be everything.
        limit: Math.min(2 * (1 - q), 1 - q / 2),
        isBad: (arrivals, i) => arrivals.outcome[i] !== 0 || (arrivals.responseUs[i] ?? 0) > limitS * 1e6,
        okOnly: population === 'ok',
      };
    }
    case 'rate': {
      const rate = base ?? 0;
      const least = objective ? objective.value : rate - drift(slo, rate, rate * DEFAULT_TOLERANCE.rate);
      return { kind: 'rate', limit: least, isGood: measure.isGood };
    }
  }
}

/** The tolerated drift in the indicator's own unit. */
function drift(slo: Slo, base: number, otherwise: number): number {
  const sizes = slo.tolerances.map((tolerance: Tolerance) =>
    tolerance.type === 'relative' ? tolerance.value * base : tolerance.value,
  );
  if (sizes.length === 0) return otherwise;
  return slo.combine === 'any' ? Math.max(...sizes) : Math.min(...sizes);
}

function widthOf(
  selected: readonly Selected[],
  health: Health,
  fromUs: number,
  toUs: number,
  withinS: number,
): { widthS: number; coarse: boolean } {
  const observedS = (toUs - fromUs) / 1e6;
  if (health.kind === 'rate') return { widthS: 1, coarse: false };
  let arrivals = 0;
  visit(selected, (stream, i) => {
    const due = stream.dueUs[i] ?? 0;
    if (due >= fromUs && due < toUs) arrivals++;
  });
  return bucketWidth({ limit: health.limit, ratePerSecond: arrivals / observedS, observedS, withinS });
}

function bucketsOf(
  selected: readonly Selected[],
  health: Health,
  fromUs: number,
  toUs: number,
  widthS: number,
): Buckets {
  const count = Math.max(0, Math.floor((toUs - fromUs) / (widthS * 1e6) + 0.01));
  const x = new Float64Array(count);
  const n = new Float64Array(count);
  visit(selected, (arrivals, i) => {
    const bucket = Math.floor(((arrivals.dueUs[i] ?? 0) - fromUs) / (widthS * 1e6));
    if (bucket < 0 || bucket >= count) return;
    if (health.kind === 'share' && health.okOnly && arrivals.outcome[i] !== 0) return;
    const hit = health.kind === 'share' ? health.isBad(arrivals, i) : health.isGood(arrivals, i);
    if (hit) x[bucket] = (x[bucket] ?? 0) + 1;
    n[bucket] = (n[bucket] ?? 0) + 1;
  });
  const isBad = Array.from(n, (total, bucket) => {
    const hits = x[bucket] ?? 0;
    if (total === 0) return true;
    return health.kind === 'share' ? hits / total > health.limit : hits / widthS < health.limit;
  });
  const counts = health.kind === 'share' && health.limit > 0 ? { x, n, limit: health.limit } : undefined;
  return { widthS, fromS: fromUs / 1e6, isBad, ...(counts ? { counts } : {}) };
}

/** Impact and recovery on both clocks: since the injection, and since the proven undo. */
function clocks(
  input: JudgeInput,
  windows: WindowSet,
  selected: readonly Selected[],
  health: Health,
  widthS: number,
  origin: { us: number; after: 'undo' | 'injection' },
  recovery: Recovery,
): {
  impactS: number | null;
  fromFaultS: number | null;
  fromUndoS: number | null;
  observedS: number;
  relapses: number;
} {
  const faultUs = windows.fault[0]?.startUs ?? origin.us;
  const buckets = bucketsOf(selected, health, faultUs, input.endUs, widthS);
  const impactS = timeToImpact(buckets);
  const since = timeToRecover(buckets, impactS === null ? 0 : Math.round(impactS / widthS));
  return {
    impactS,
    fromFaultS: since.seconds,
    fromUndoS: origin.after === 'undo' ? recovery.seconds : null,
    observedS: recovery.observedS,
    relapses: recovery.relapses,
  };
}

function undecided(recovery: Recovery, widthS: number, limitS: number): Reason {
  if (recovery.seconds === null) {
    const least = limitS + GOOD_RUN * widthS;
    return {
      code: 'window_too_short',
      window: 'recovery',
      observed: `${significant(recovery.observedS, 4)} s`,
      required: `${significant(least, 4)} s`,
      message: `it had not recovered when observation ended, too early to say that it took longer than ${formatValue(limitS, 'seconds')}`,
      hint: `Make the recovery phase at least ${significant(least, 4)} s long.`,
    };
  }
  return {
    code: 'tolerance_below_resolution',
    observed: `between ${recovery.seconds - widthS} and ${recovery.seconds} s`,
    required: `${limitS} s`,
    message: 'the limit lies inside the bucket in which it recovered',
    hint: 'Drive more load for narrower buckets, or allow a little more time.',
  };
}

function sentenceOf(recovery: Recovery, after: 'undo' | 'injection', limitS: number): string {
  const since = after === 'undo' ? 'the undo was proven' : 'the injection';
  const limit = `limit ${formatValue(limitS, 'seconds')}`;
  if (recovery.seconds === null) {
    return `had not recovered ${formatValue(recovery.observedS, 'seconds')} after ${since} (${limit})`;
  }
  if (recovery.seconds === 0)
    return `was well as soon as ${since === 'the injection' ? 'the injection was made' : since} (${limit})`;
  return `recovered ${formatValue(recovery.seconds, 'seconds')} after ${since} (${limit})`;
}

function healthInWords(health: Health, slo: Slo): string {
  const from =
    slo.objective || slo.tolerances.length > 0 ? '' : ' (a default: the SLO has neither an objective nor a tolerance)';
  return health.kind === 'rate'
    ? `well means at least ${formatValue(health.limit, 'per_second')}${from}`
    : `well means that at most ${formatValue(health.limit, 'ratio')} of a bucket's arrivals are bad${from}`;
}

function both(reason: Reason): Blocker {
  return { takes: 'both', reason };
}
