import { PlimsollError } from '../support/errors.js';
import { select } from './arrivals.js';
import type { Blocker } from './blocker.js';
import {
  ALL_KINDS,
  type Evidence,
  type EvidenceOptions,
  type WindowKind,
  type WindowSet,
} from './evidence/evidence.js';
import { gatherEvidence } from './evidence/gather.js';
import { badDirection, holdsBeforehand, isFromElsewhere, sloProblem } from './indicators/registry.js';
import type { JudgeInput, JudgeWindow } from './input.js';
import type { Judgement, Reason, SloJudgement, SloVerdict } from './judgement.js';
import { failPValue, holm, UNCORRECTED_PARTS } from './multiplicity.js';
import { judgeObjective, judgeTolerances, takeAway, type JudgedPart } from './parts.js';
import { baselineBlockers, faultBlockers } from './preconditions.js';
import { causesFirst } from './reason-order.js';
import { judgeRecoveryTrials } from './recovery-trials.js';
import type { Slo } from './slo.js';
import { levelAtLook } from './looks.js';
import { isEmpty } from './walk.js';
import { finiteEstimate } from './words.js';

interface JudgedSlo {
  slo: Slo;
  severity: Slo['severity'];
  evidence: Evidence;
  parts: JudgedPart[];
  warnings: Reason[];
}

/**
 * Judges the SLOs of a run. Pure: the same input gives the same judgement.
 *
 * @throws PlimsollError `slo_invalid` for an SLO whose parts make no sense for its indicator
 */
export function judge(input: JudgeInput): Judgement {
  const windows = windowsOf(input.windows);
  const judged = input.slos.map((slo) => judgeSlo(input, windows, slo));
  correctForMany(judged);
  return { slos: judged.map((one) => assemble(one)) };
}

/** The SLOs whose objective is broken beyond doubt in one window alone: a look before anything is injected. */
export function brokenObjectives(
  slos: readonly Slo[],
  window: JudgeWindow,
  sources?: JudgeInput['sources'],
): { slo: string; sentence: string }[] {
  const { slos: judged } = judge({
    slos: slos.filter((slo) => slo.objective && holdsBeforehand(slo)).map((slo) => objectiveOnly(slo)),
    windows: [{ ...window, kind: 'fault' }],
    timeline: window.streams,
    faults: [],
    endUs: window.endUs,
    stoppedEarly: false,
    ...(sources ? { sources } : {}),
  });
  return judged.filter(({ verdict }) => verdict === 'failed').map(({ name, sentence }) => ({ slo: name, sentence }));
}

/** The SLO without what it takes more than one window to judge. */
export function objectiveOnly(slo: Slo): Slo {
  const alone: Slo = { ...slo, tolerances: [] };
  delete alone.recoverWithinS;
  return alone;
}

/** The windows of a run by kind. */
export function windowsOf(windows: readonly JudgeWindow[]): WindowSet {
  return Object.fromEntries(
    ALL_KINDS.map((kind) => [kind, windows.filter((window) => window.kind === kind)]),
  ) as Record<WindowKind, JudgeWindow[]>;
}

function judgeSlo(input: JudgeInput, windows: WindowSet, slo: Slo): JudgedSlo {
  const problem = sloProblem(slo);
  if (problem) {
    throw new PlimsollError({
      code: 'slo_invalid',
      kind: 'usage',
      message: `SLO "${slo.name}": ${problem}`,
      hint: 'Change the SLO in the scenario; plimsoll validate shows the place.',
    });
  }
  const { looks } = input;
  const alpha = looks ? levelAtLook(looks.done, looks.planned, 1 - slo.confidence) : 1 - slo.confidence;
  const options = optionsOf(input, slo);
  const evidence = gatherEvidence(windows, options);
  const unproven = faultBlockers(input);
  const baseline = baselineBlockers(windows, evidence, options, alpha);
  const parts: JudgedPart[] = [];
  const question = { input, windows, evidence, options, alpha, blockers: [...baseline, ...unproven] };
  if (slo.objective) parts.push(judgeObjective({ ...question, objective: slo.objective }));
  if (slo.tolerances.length > 0) parts.push(judgeTolerances(question));
  if (slo.recoverWithinS !== undefined) {
    const blockers = [...question.blockers, ...noData(input, slo)];
    parts.push({
      judgement: judgeRecoveryTrials(input, windows, evidence, { ...options, limitS: slo.recoverWithinS, blockers }),
      failsAt: undefined,
    });
  }
  const closed = isClosed(windows, input, slo);
  const restates = closed && slo.indicator.type === 'throughput';
  return {
    slo,
    // In a closed model goodput only restates latency: it is shown, but decides nothing.
    severity: restates && slo.severity === 'critical' ? 'warning' : slo.severity,
    evidence,
    parts,
    warnings: restates
      ? [
          {
            code: 'closed_model',
            message: 'in a closed model throughput only restates latency, so it never decides the run',
            hint: 'Give the stream a rate (open model) to judge throughput.',
          },
        ]
      : [],
  };
}

/** What evidence on an SLO is gathered with. */
export function optionsOf(input: JudgeInput, slo: Slo): EvidenceOptions {
  return {
    slo,
    noise: input.noise?.[slo.name],
    stoppedEarly: input.stoppedEarly,
    source: isFromElsewhere(slo.indicator) ? input.sources?.[slo.indicator.source] : undefined,
  };
}

/** With many critical parts some would fail by chance: the fail side is corrected (Holm). */
function correctForMany(judged: readonly JudgedSlo[]): void {
  const parts = judged
    .filter(({ severity }) => severity === 'critical')
    .flatMap(({ slo, parts }) => parts.map((part) => ({ part, alpha: 1 - slo.confidence })))
    // Recovery is read off a clock: it has no p-value, and no share in the chance of a false failure.
    .filter(({ part }) => part.failsAt !== undefined);
  if (parts.length <= UNCORRECTED_PARTS) return;
  const levels = parts.map(({ part, alpha }) => ({
    alpha,
    pValue: part.judgement.verdict === 'failed' && part.failsAt ? failPValue(part.failsAt, alpha) : undefined,
  }));
  const keep = holm(levels);
  for (const [i, { part, alpha }] of parts.entries()) {
    const pValue = levels[i]?.pValue;
    if (pValue === undefined || keep[i]) continue;
    takeAway(part, {
      code: 'multiplicity',
      observed: `fails at the level ${pValue.toPrecision(2)}`,
      required: `at most ${alpha.toPrecision(2)} shared among ${parts.length} critical parts`,
      message: `with ${parts.length} critical parts, this one fails too narrowly to rule out chance`,
      hint: 'Use longer windows, or make fewer SLOs critical.',
    });
  }
}

function assemble({ slo, severity, evidence, parts, warnings }: JudgedSlo): SloJudgement {
  const judgements = parts.map(({ judgement }) => judgement);
  const verdict: SloVerdict = judgements.some((part) => part.verdict === 'failed')
    ? 'failed'
    : judgements.some((part) => part.verdict === 'inconclusive')
      ? 'inconclusive'
      : 'passed';
  // The part that decided speaks for the SLO; of several the one about the drift.
  const speaker =
    judgements.find((part) => part.verdict === verdict && part.part === 'tolerance') ??
    judgements.find((part) => part.verdict === verdict);
  const reasons = causesFirst(
    unique(judgements.flatMap((part) => (part.verdict === 'inconclusive' ? part.reasons : []))),
  );
  const because = verdict === 'inconclusive' && reasons[0] ? `: ${reasons[0].message}` : '';
  const estimates = Object.fromEntries(
    ALL_KINDS.flatMap((kind) => {
      const estimate = evidence.estimate(kind);
      return estimate ? [[kind, finiteEstimate(estimate)]] : [];
    }),
  );
  return {
    name: slo.name,
    severity,
    indicatorText: slo.indicatorText,
    ...(slo.objectiveText === undefined ? {} : { objectiveText: slo.objectiveText }),
    ...(slo.toleranceText === undefined ? {} : { toleranceText: slo.toleranceText }),
    ...(slo.recoverWithinS === undefined ? {} : { recoverWithinS: slo.recoverWithinS }),
    ...(slo.stream === undefined ? {} : { stream: slo.stream }),
    ...(slo.request === undefined ? {} : { request: slo.request }),
    unit: evidence.unit,
    worse: badDirection(slo) === 1 ? 'up' : 'down',
    verdict,
    reasons,
    warnings: unique([...judgements.flatMap((part) => part.warnings), ...warnings]),
    windows: estimates,
    parts: judgements,
    sentence: `${slo.name} ${speaker?.sentence ?? ''}${because}`,
  };
}

function unique(reasons: readonly Reason[]): Reason[] {
  const seen = new Map(reasons.map((reason) => [`${reason.code} ${reason.message}`, reason]));
  return [...seen.values()];
}

function isClosed(windows: WindowSet, input: JudgeInput, slo: Slo): boolean {
  const selected = select(windows.fault[0]?.streams ?? input.timeline, slo);
  return selected.length > 0 && selected.every(({ arrivals }) => arrivals.model === 'closed');
}

/** Recovery looks at the timeline, not at windows. */
function noData(input: JudgeInput, slo: Slo): Blocker[] {
  if (select(input.timeline, slo).some(({ arrivals }) => !isEmpty(arrivals))) return [];
  return [
    {
      takes: 'both',
      reason: {
        code: 'no_data',
        window: 'recovery',
        message: 'there is no arrival of this SLO to read a recovery from',
      },
    },
  ];
}
