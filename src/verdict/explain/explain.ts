import { PlimsollError } from '../../support/errors.js';
import {
  deffFloor,
  withBaseline,
  type Answer,
  type Evidence,
  type EvidenceOptions,
  type WindowKind,
  type WindowSet,
} from '../evidence/evidence.js';
import { gatherEvidence } from '../evidence/gather.js';
import type { JudgeInput } from '../input.js';
import { judge, optionsOf, windowsOf } from '../judge.js';
import type { PartJudgement, Reason, SloJudgement } from '../judgement.js';
import { levelAtLook } from '../looks.js';
import { checkPairs } from '../pair-check.js';
import { quantileInterval } from '../quantile.js';
import { trialSlices } from '../recovery-trials.js';
import type { Objective, Slo, Tolerance } from '../slo.js';
import { labelOf, spreadChapter, togetherChapter, type NoisyWindow } from './noise.js';
import { pairsChapter } from './pairs.js';
import { quantileDriftChapter, quantileLimitChapter, rankChapter } from './quantile.js';
import { rateChapter, rateDriftChapter, rateLimitChapter } from './rate.js';
import { ratioDriftChapters, ratioObjectiveChapters, stoppedChapter } from './ratio.js';
import { recoveryChapter } from './recovery.js';
import type { Chapter } from './step.js';
import { exitsChapter, valueDriftChapter, valueLimitChapter, valuesChapter } from './values.js';

interface PartExplanation {
  part: PartJudgement['part'];
  /** What was asked, e.g. "tolerance 0.1pp". */
  asked: string;
  verdict: PartJudgement['verdict'];
  sentence: string;
  chapters: Chapter[];
  /** What took the verdict away, or left it undecided. */
  reasons: Reason[];
}

export interface SloExplanation {
  slo: string;
  indicator: string;
  confidence: number;
  verdict: SloJudgement['verdict'];
  sentence: string;
  parts: PartExplanation[];
}

/**
 * Walks through the computation of one SLO's verdict with its numbers, so that it can be checked by hand. Pure, and on the
 * very functions that judge: what it ends with is what `judge` says.
 *
 * @throws PlimsollError `unknown_slo` for a name that the run does not have
 */
export function explainSlo(input: JudgeInput, name: string): SloExplanation {
  const at = input.slos.findIndex((slo) => slo.name === name);
  const slo = input.slos[at];
  if (!slo) {
    throw new PlimsollError({
      code: 'unknown_slo',
      kind: 'usage',
      message: `the run has no SLO "${name}"`,
      hint: `It has: ${input.slos.map((one) => `"${one.name}"`).join(', ') || 'none'}.`,
    });
  }
  const judged = judge(input).slos[at] as SloJudgement;
  const windows = windowsOf(input.windows);
  const options = optionsOf(input, slo);
  const about: About = {
    input,
    windows,
    options,
    slo,
    evidence: gatherEvidence(windows, options),
    alpha: input.looks ? levelAtLook(input.looks.done, input.looks.planned, 1 - slo.confidence) : 1 - slo.confidence,
  };
  return {
    slo: slo.name,
    indicator: slo.indicatorText,
    confidence: slo.confidence,
    verdict: judged.verdict,
    sentence: judged.sentence,
    parts: judged.parts.map((part) => ({
      part: part.part,
      ...chaptersOf(part, about),
      verdict: part.verdict,
      sentence: part.sentence,
      reasons: part.reasons,
    })),
  };
}

interface About {
  input: JudgeInput;
  windows: WindowSet;
  options: EvidenceOptions;
  slo: Slo;
  evidence: Evidence;
  alpha: number;
}

function chaptersOf(part: PartJudgement, about: About): { asked: string; chapters: Chapter[] } {
  const { slo, input, windows, options } = about;
  switch (part.part) {
    case 'objective':
      return {
        asked: `objective ${slo.objectiveText ?? ''}`.trim(),
        chapters: slo.objective ? objectiveChapters(slo.objective, about) : [],
      };
    case 'tolerance':
      return {
        asked: `tolerance ${slo.toleranceText ?? ''}`.trim(),
        chapters: slo.tolerances.flatMap((tolerance) => toleranceChapters(tolerance, about)),
      };
    case 'recovery': {
      const slices = trialSlices(input, windows);
      const limitS = slo.recoverWithinS ?? 0;
      return {
        asked: `recoverWithin ${limitS} s`,
        chapters: slices.map((slice) => recoveryChapter(slice, { ...options, limitS, of: slices.length })),
      };
    }
  }
}

function objectiveChapters(objective: Objective, about: About): Chapter[] {
  const { evidence, alpha } = about;
  const on: WindowKind[] = objective.during === 'all' ? ['baseline', 'fault', 'recovery'] : [objective.during];
  const answer = evidence.objective(objective, on, alpha);
  const { workings } = evidence;
  if (answer.method.startsWith('confidence sequence')) return [stoppedChapter(answer)];
  switch (workings.kind) {
    case 'ratio': {
      const count = {
        x: on.reduce((sum, kind) => sum + workings.of[kind].x, 0),
        n: on.reduce((sum, kind) => sum + workings.of[kind].n, 0),
      };
      const noise = noiseOf(noisyWindows(about, withBaseline(on)), answer, about, {
        arms: 1,
        bad: 'bad arrivals',
        events: withBaseline(on).some((kind) => workings.of[kind].x > 0),
      });
      return [...noise, ...ratioObjectiveChapters(answer, count, workings.report === 'good', objective.op)];
    }
    case 'quantile': {
      const kind = on[0] ?? 'fault';
      // Several windows together have a quantile of their own; their ranks are shown for the objective's usual one.
      if (on.length > 1) return [quantileLimitChapter(answer, objective.op)];
      const noise = noiseOf(noisyWindows(about, withBaseline(on)), answer, about, {
        arms: 1,
        bad: 'arrivals slower than their window’s own quantile',
        events: true,
      });
      return [
        ...noise,
        rankChapter(workings.of[kind].sample, labelOf(kind), '1', workings.q, answer),
        quantileLimitChapter(answer, objective.op),
      ];
    }
    case 'rate': {
      const kind = on[0] ?? 'fault';
      const { arm, goodPerSecond } = workings.of[kind];
      return [
        ...goodPerSecond.map((good, i) =>
          rateChapter(good, arm, labelOf(kind, i, goodPerSecond.length), '', goodPerSecond.length),
        ),
        rateLimitChapter(arm, answer, objective.op, alpha),
      ];
    }
    case 'values': {
      const kind = on[0] ?? 'fault';
      const { arm, bins } = workings.of[kind];
      return [
        ...bins.map((one, i) => valuesChapter(one, labelOf(kind, i, bins.length), '')),
        valueLimitChapter(arm, answer, objective.op, alpha),
      ];
    }
    case 'exits':
      return [
        exitsChapter(
          on.flatMap((kind) => workings.of[kind]),
          objective.value,
        ),
      ];
  }
}

function toleranceChapters(tolerance: Tolerance, about: About): Chapter[] {
  const { evidence, alpha, windows, options, slo } = about;
  const answer = evidence.tolerance(tolerance, alpha);
  const { workings } = evidence;
  if (answer.method.startsWith('confidence sequence')) return [stoppedChapter(answer)];
  const between = checkPairs(windows, tolerance, options, alpha);
  const trials = between ? pairsChapter(between, alpha) : undefined;
  const chapters = ((): Chapter[] => {
    switch (workings.kind) {
      case 'ratio': {
        const { baseline, fault } = workings.of;
        return [
          ...noiseOf(noisyWindows(about, ['baseline', 'fault']), answer, about, {
            arms: 2,
            bad: 'bad arrivals',
            events: baseline.x + fault.x > 0,
          }),
          ...(answer.k === null
            ? []
            : ratioDriftChapters({
                answer,
                fault,
                base: baseline,
                direction: slo.direction,
                relative: tolerance.type === 'relative',
              })),
        ];
      }
      case 'quantile': {
        const { baseline, fault } = workings.of;
        const k = answer.k ?? 0;
        const { D } = answer.dispersion;
        return [
          ...noiseOf(noisyWindows(about, ['baseline', 'fault']), answer, about, {
            arms: 2,
            bad: 'arrivals slower than their window’s own quantile',
            events: true,
          }),
          rankChapter(fault.sample, 'fault window', '1', workings.q, answer),
          rankChapter(baseline.sample, 'baseline', '2', workings.q, answer),
          quantileDriftChapter(
            quantileInterval(fault.sample, workings.q, k, D),
            quantileInterval(baseline.sample, workings.q, k, D),
            answer,
            slo.direction,
          ),
        ];
      }
      case 'rate': {
        const { baseline, fault } = workings.of;
        if (answer.k === null) return [];
        const several = fault.goodPerSecond.length;
        return [
          ...fault.goodPerSecond.map((good, i) =>
            rateChapter(good, fault.arm, labelOf('fault', i, several), '1', several),
          ),
          ...baseline.goodPerSecond.map((good, i) =>
            rateChapter(good, baseline.arm, labelOf('baseline', i, several), '2', several),
          ),
          rateDriftChapter(fault.arm, baseline.arm, answer, alpha),
        ];
      }
      case 'values': {
        const { baseline, fault } = workings.of;
        if (answer.k === null) return [];
        return [
          ...fault.bins.map((one, i) => valuesChapter(one, labelOf('fault', i, fault.bins.length), '1')),
          ...baseline.bins.map((one, i) => valuesChapter(one, labelOf('baseline', i, baseline.bins.length), '2')),
          valueDriftChapter(fault.arm, baseline.arm, answer, alpha),
        ];
      }
      case 'exits':
        return [];
    }
  })();
  return trials ? [...chapters, trials] : chapters;
}

function noiseOf(
  noisy: NoisyWindow[],
  answer: Answer,
  about: About,
  what: { arms: 1 | 2; bad: string; events: boolean },
): Chapter[] {
  const { alpha, options } = about;
  return [
    ...noisy.map((window) => spreadChapter(window, what.bad)),
    togetherChapter(
      noisy.map(({ spread }) => spread),
      answer.dispersion,
      {
        floor: deffFloor(options),
        events: what.events,
        arms: what.arms,
        alpha,
        k: answer.k,
        df: answer.dispersion.D > 1 ? (what.arms === 2 ? answer.dispersion.df : answer.dispersion.dfOne) : null,
      },
    ),
  ];
}

function noisyWindows({ evidence }: About, kinds: readonly WindowKind[]): NoisyWindow[] {
  const { workings } = evidence;
  if (workings.kind === 'rate' || workings.kind === 'values' || workings.kind === 'exits') return [];
  return kinds.flatMap((kind) => {
    const { arms, spreads } = workings.of[kind];
    return arms.flatMap((arm, i): NoisyWindow[] => {
      const spread = spreads[i];
      return spread ? [{ label: labelOf(kind, i, arms.length), arm, spread }] : [];
    });
  });
}
