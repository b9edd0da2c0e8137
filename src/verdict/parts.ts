import { countArm, select } from './arrivals.js';
import type { Blocker } from './blocker.js';
import type { Answer, Evidence, EvidenceOptions, WindowKind, WindowSet } from './evidence/evidence.js';
import { badDirection } from './indicators/registry.js';
import type { JudgeInput } from './input.js';
import type { PartJudgement, Reason, SloVerdict } from './judgement.js';
import { carryOver, checkPairs, trialsOf, type PairCheck } from './pair-check.js';
import { comparisonBlockers, noiseBlockers, windowBlockers } from './preconditions.js';
import type { Objective, Slo, Tolerance } from './slo.js';
import { nounOf } from './sources/source-blockers.js';
import { driftSentence, finiteEstimate, formatDrift, formatValue, objectiveSentence } from './words.js';

/** A part with the question that it can still answer later: does it fail at a stricter level? */
export interface JudgedPart {
  judgement: PartJudgement;
  /** Undefined for recovery, which is read off a clock. */
  failsAt: ((alpha: number) => boolean) | undefined;
}

export interface Question {
  input: JudgeInput;
  windows: WindowSet;
  evidence: Evidence;
  options: EvidenceOptions;
  alpha: number;
  /** What the baseline and the faults forbid already. */
  blockers: readonly Blocker[];
}

/** An absolute limit on the indicator, in the windows that the objective is about. */
export function judgeObjective(question: Question & { objective: Objective }): JudgedPart {
  const { input, windows, evidence, options, alpha, objective } = question;
  const on: WindowKind[] = objective.during === 'all' ? ['baseline', 'fault', 'recovery'] : [objective.during];
  const answer = evidence.objective(objective, on, alpha);
  const blockers = [
    ...windowBlockers(input, windows, evidence, { ...options, kinds: on, batches: true }),
    ...question.blockers,
    ...noiseBlockers(answer, evidence, options, on),
  ];
  const { verdict, reasons } = settle(answer, blockers, evidence.total(on[0] ?? 'fault'), nounOf(options));
  const fault = on.reduce((sum, kind) => sum + evidence.total(kind), 0);
  return {
    failsAt: answer.failsAt,
    judgement: {
      ...describe('objective', answer, verdict, reasons),
      n: { fault },
      nEffective: fault / answer.dispersion.D,
      warnings: [],
      sentence: answer.words ?? objectiveSentence({ answer, objective, confidence: options.slo.confidence, verdict }),
    },
  };
}

/** How far the indicator may drift from the baseline of the same run; several tolerances are joined by any or all. */
export function judgeTolerances(question: Question): JudgedPart {
  const { input, windows, evidence, options, alpha } = question;
  const { slo } = options;
  const both: WindowKind[] = ['baseline', 'fault'];
  const shared = [
    ...windowBlockers(input, windows, evidence, { ...options, kinds: both, batches: true }),
    ...question.blockers,
  ];
  const each = slo.tolerances.map((tolerance) => {
    const within = evidence.tolerance(tolerance, alpha);
    const between = checkPairs(windows, tolerance, options, alpha);
    const answer = between ? agree(within, between) : within;
    const blockers: Blocker[] = [
      ...shared,
      ...(between?.reason ? [{ takes: 'pass' as const, reason: between.reason }] : []),
      ...comparisonBlockers(windows, options, seconds(tolerance, evidence)),
      ...noiseBlockers(answer, evidence, options, both),
    ];
    const n = Math.min(evidence.total('baseline'), evidence.total('fault'));
    const trials = between ? trialsOf(between, tolerance.type === 'relative', slo) : undefined;
    return { answer, tolerance, trials, ...settle(answer, blockers, n, nounOf(options)) };
  });
  const verdict = join(
    each.map((one) => one.verdict),
    slo.combine,
  );
  const chosen = each.find((one) => one.verdict === verdict) ?? each[0];
  if (!chosen) throw new Error('judgeTolerances needs a tolerance');
  const { answer } = chosen;
  const n = { baseline: evidence.total('baseline'), fault: evidence.total('fault') };
  return {
    failsAt: (level) => {
      const fails = each.map((one) => one.answer.failsAt(level));
      return slo.combine === 'any' ? fails.every(Boolean) : fails.some(Boolean);
    },
    judgement: {
      ...describe('tolerance', answer, verdict, verdict === 'inconclusive' ? each.flatMap((one) => one.reasons) : []),
      n,
      nEffective: Math.min(n.baseline, n.fault) / answer.dispersion.D,
      ...(chosen.trials ? { trials: chosen.trials } : {}),
      warnings: warningsOf(question, answer, n),
      sentence: sentenceOf(question, answer, verdict),
    },
  };
}

/** A part that loses its `failed`. */
export function takeAway(part: JudgedPart, reason: Reason): void {
  part.judgement.verdict = 'inconclusive';
  part.judgement.reasons.push(reason);
}

/** From the figures and what forbids a verdict to the verdict. An undecided one always has a reason. */
function settle(
  answer: Answer,
  blockers: readonly Blocker[],
  n: number,
  noun: string,
): { verdict: SloVerdict; reasons: Reason[] } {
  const found = [...blockers];
  if (answer.impossible && !(answer.impossible === 'quantile_not_estimable' && answer.fail)) {
    found.push({ takes: 'both', reason: impossibility(answer, n, noun) });
  }
  const verdict: SloVerdict = answer.fail ? 'failed' : answer.pass ? 'passed' : 'inconclusive';
  const counting = found.filter(({ takes }) => takes === 'both' || verdict !== 'failed');
  if (counting.length > 0) return { verdict: 'inconclusive', reasons: counting.map(({ reason }) => reason) };
  return { verdict, reasons: verdict === 'inconclusive' ? [undecided(answer, n, noun)] : [] };
}

/** Four pairs without an error have no variation, and would pass on any number: both tests must say the same. */
function agree(within: Answer, between: PairCheck): Answer {
  return {
    ...within,
    pass: within.pass && between.pass,
    fail: within.fail && between.fail,
    failsAt: (alpha) => within.failsAt(alpha) && between.failsAt(alpha),
    assumptions: [...within.assumptions, between.assumption],
  };
}

function join(verdicts: readonly SloVerdict[], combine: 'any' | 'all'): SloVerdict {
  const [decisive, other]: SloVerdict[] = combine === 'any' ? ['passed', 'failed'] : ['failed', 'passed'];
  if (decisive && verdicts.includes(decisive)) return decisive;
  if (other && verdicts.every((verdict) => verdict === other)) return other;
  return 'inconclusive';
}

function describe(
  part: 'objective' | 'tolerance',
  answer: Answer,
  verdict: SloVerdict,
  reasons: Reason[],
): Omit<PartJudgement, 'n' | 'nEffective' | 'warnings' | 'sentence'> {
  return {
    part,
    verdict,
    reasons,
    estimate: finiteEstimate(answer.interval),
    limit: answer.limit,
    unit: answer.unit,
    method: answer.method,
    designEffect: answer.dispersion.D,
    rho: answer.dispersion.rho,
    df: answer.df,
    k: answer.k,
    power: answer.power,
    smallestTolerance: answer.smallestTolerance,
    assumptions: answer.assumptions,
  };
}

function sentenceOf({ evidence, options }: Question, answer: Answer, verdict: SloVerdict): string {
  const before = evidence.estimate('baseline')?.value;
  const after = evidence.estimate('fault')?.value;
  if (before === undefined || after === undefined) {
    return `could not be compared with the baseline (tolerance ${formatDrift(answer.limit, answer.unit)})`;
  }
  const { confidence } = options.slo;
  const bad = badDirection(options.slo);
  return driftSentence({ before, after, unit: evidence.unit, answer, confidence, bad, verdict });
}

function warningsOf(
  { windows, options, alpha }: Question,
  answer: Answer,
  n: { baseline: number; fault: number },
): Reason[] {
  const { slo, noise } = options;
  const found: Reason[] = [];
  if (n.baseline > 0 && n.fault > 0 && answer.interval.high < 0) {
    found.push({
      code: 'improved_under_fault',
      observed: formatDrift(answer.interval.value, answer.unit),
      message: 'the indicator was better during the fault than before, beyond doubt',
      hint: 'Is the fault on the path of this load? Did requests fail fast?',
    });
  }
  const [tolerance] = slo.tolerances;
  if (slo.objective && tolerance?.type === 'points') {
    const room = slo.objective.op === '>=' ? 1 - slo.objective.value : slo.objective.value;
    if (tolerance.value > room * (1 + 1e-9)) {
      found.push({
        code: 'tolerance_looser_than_slo',
        observed: `tolerance ${formatDrift(tolerance.value, 'ratio')}`,
        required: `at most ${formatValue(room, 'ratio')}, all that the objective leaves`,
        message: 'a drift as large as the tolerance, if it lasted, would spend more than the whole error budget',
        hint: 'Write a smaller tolerance.',
      });
    }
  }
  const carried = carryOver(windows, options, alpha);
  if (carried) found.push(carried);
  if (windows.fault.length === 1 && noise?.betweenWindowsSd === undefined) {
    found.push({
      code: 'provisional',
      message: 'one pair of windows cannot show how much windows differ by themselves',
      hint: 'For a release gate run it several times.',
    });
  }
  if (slo.indicator.type === 'latency' && slo.indicator.population === 'ok') {
    const [before, during] = [failedShare(windows, 'baseline', slo), failedShare(windows, 'fault', slo)];
    if (Math.abs(during - before) > 1 - slo.indicator.quantile) {
      found.push({
        code: 'survivor_bias',
        observed: `${formatValue(before, 'ratio')} failed before, ${formatValue(during, 'ratio')} during the fault`,
        message: 'the share of failures changed so much that the latency of the rest says little',
        hint: 'Judge latency over all arrivals.',
      });
    }
  }
  return found;
}

function failedShare(windows: WindowSet, kind: WindowKind, slo: Slo): number {
  let failed = 0;
  let n = 0;
  for (const window of windows[kind]) {
    const arm = countArm(select(window.streams, slo), window, { is: 'failed' });
    failed += arm.x;
    n += arm.n;
  }
  return n > 0 ? failed / n : 0;
}

/** A tolerance on latency in seconds: what a lag of the driver is measured by. */
function seconds(tolerance: Tolerance, evidence: Evidence): number | undefined {
  if (evidence.unit !== 'seconds' || evidence.workings.kind === 'values') return undefined;
  if (tolerance.type === 'seconds') return tolerance.value;
  return tolerance.value * (evidence.estimate('baseline')?.value ?? 0);
}

function impossibility(answer: Answer, n: number, noun: string): Reason {
  const { impossible } = answer;
  switch (impossible) {
    case 'quantile_not_estimable':
      return {
        code: 'quantile_not_estimable',
        observed: `${n} ${noun}`,
        ...(answer.neededN === null ? {} : { required: `about ${answer.neededN}` }),
        message: `${n} ${noun} are too few for an interval of this quantile`,
        hint: 'Use longer windows, more load, or a lower quantile.',
      };
    case 'no_events':
      return {
        code: 'no_events',
        observed: 'no bad event in either window',
        required: 'at least one',
        message: 'a relative tolerance needs bad events to compare, and there were none',
        hint: 'Write the tolerance in percentage points.',
      };
    case 'baseline_unhealthy':
      return {
        code: 'baseline_unhealthy',
        window: 'baseline',
        observed: 'no good answer',
        required: 'some',
        message: 'nothing was answered well in the baseline',
        hint: 'Mend the system first.',
      };
    default:
      return {
        code: 'stopped_early',
        message: 'the run ended before its plan, and what was seen until then does not decide',
        hint: 'Run it again to its end.',
      };
  }
}

function undecided(answer: Answer, n: number, noun: string): Reason {
  const { neededN } = answer;
  const enough = neededN !== null && n >= neededN;
  return {
    code: 'underpowered',
    observed: `${n} ${noun} a window`,
    ...(neededN === null || enough ? {} : { required: `about ${neededN}` }),
    message: enough
      ? 'the drift is too close to what is tolerated to tell on which side it lies'
      : `the data do not decide${neededN === null ? '' : `: about ${neededN} ${noun} a window would, ${n} were seen`}`,
    hint: 'Use longer windows, more load, or a wider tolerance.',
  };
}
