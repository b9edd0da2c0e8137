import { select, type Selected } from './arrivals.js';
import { both, type Blocker } from './blocker.js';
import { driverBlockers } from './driver-health.js';
import type { Evidence, EvidenceOptions, WindowKind, WindowSet } from './evidence/evidence.js';
import { bucketsOf, healthInWords, healthOf, widthOf, type Health } from './health.js';
import { measureOf } from './indicators/registry.js';
import type { JudgeInput } from './input.js';
import type { PartJudgement, Reason } from './judgement.js';
import {
  BAD_RUN,
  GOOD_RUN,
  judgeRecovery,
  timeToImpact,
  timeToRecover,
  type Buckets,
  type Recovery,
} from './recovery.js';
import type { Slo } from './slo.js';
import { formatValue, significant } from './words.js';

/** Where the clock of `recoverWithin` starts. */
export type Origin = { us: number; after: 'undo' | 'injection' } | { blocker: Blocker };

/** Both methods may differ by this many buckets before it is worth a word. */
const METHODS_APART = 3;

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
  // A load driver that is starved answers late itself, and would be taken for a system that does not recover.
  const seen: WindowKind[] = 'after' in origin && origin.after === 'injection' ? ['fault', 'recovery'] : ['recovery'];
  blockers.push(...seen.flatMap((kind) => driverBlockers(windows, kind, options)));
  if (input.stoppedEarly) {
    blockers.push(
      both({
        code: 'stopped_early',
        message: 'the run ended before its plan, so recovery was not seen to its end',
        hint: 'Run it again to its end.',
      }),
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

  const { selected, health, widthS, coarse, recovery } = observeRecovery(input, windows, evidence, {
    slo,
    limitS,
    originUs: origin.us,
  });
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

/** What the timeline shows from the clock's start on. */
export function observeRecovery(
  input: JudgeInput,
  windows: WindowSet,
  evidence: Evidence,
  options: { slo: Slo; limitS: number; originUs: number },
): { selected: Selected[]; health: Health; widthS: number; coarse: boolean; buckets: Buckets; recovery: Recovery } {
  const { slo, limitS, originUs } = options;
  const selected = select(input.timeline, slo);
  const endUs = observedUntil(input, windows);
  const health = healthOf(measureOf(slo.indicator, slo.objective), slo, evidence);
  const { widthS, coarse } = widthOf(selected, health, originUs, endUs, limitS);
  const buckets = bucketsOf(selected, health, originUs, endUs, widthS);
  return { selected, health, widthS, coarse, buckets, recovery: timeToRecover(buckets) };
}

/** The last arrival is due a little before the phase ends; what was not due then was observed all the same. */
function observedUntil(input: JudgeInput, windows: WindowSet): number {
  return Math.max(input.endUs, ...windows.recovery.map(({ endUs }) => endUs));
}

/** When the clock starts, or why it cannot. */
export function originOf(input: JudgeInput, windows: WindowSet): Origin {
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
  const endUs = observedUntil(input, windows);
  // Harm is coarser than health: seconds are fine enough to find it, whatever it takes to be sure of the end.
  const impactS = timeToImpact(bucketsOf(selected, health, faultUs, endUs, 1));
  const buckets = bucketsOf(selected, health, faultUs, endUs, widthS);
  const since = timeToRecover(buckets, impactS === null ? 0 : Math.floor(impactS / widthS));
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
