import type { Blocker } from './blocker.js';
import type { Evidence, EvidenceOptions, WindowSet } from './evidence/evidence.js';
import { gatherEvidence } from './evidence/gather.js';
import type { JudgeInput } from './input.js';
import type { PartJudgement } from './judgement.js';
import { judgeRecoveryPart } from './recovery-part.js';

/** From bad to good: the worst trial speaks for all, since a time that was not seen cannot be averaged. */
const WORST = ['failed', 'inconclusive', 'passed'] as const;

/** One trial of a run: its windows, and the input with its faults and its end alone. */
export interface TrialSlice {
  trial: number;
  input: JudgeInput;
  windows: WindowSet;
}

/** A run cut into its trials, in order; a run of one trial is one slice, whole. */
export function trialSlices(input: JudgeInput, windows: WindowSet): TrialSlice[] {
  const trials = [...new Set(windows.fault.map(({ trial }) => trial))];
  if (trials.length < 2) return [{ trial: trials[0] ?? 1, input, windows }];
  return trials.map((trial) => {
    const own: WindowSet = {
      baseline: windows.baseline.filter((window) => window.trial === trial),
      fault: windows.fault.filter((window) => window.trial === trial),
      recovery: windows.recovery.filter((window) => window.trial === trial),
    };
    const edges = [...own.fault, ...own.recovery];
    const fromUs = Math.min(...edges.map(({ startUs }) => startUs));
    const toUs = Math.max(...edges.map(({ endUs }) => endUs));
    // A fault is asked for before its window opens, but after the trial's windows of before have closed.
    const earlierUs = Math.max(
      -Infinity,
      ...input.windows.filter(({ endUs }) => endUs <= fromUs).map(({ endUs }) => endUs),
    );
    const faults = input.faults.filter(({ requestedUs }) => {
      return requestedUs !== undefined && requestedUs >= earlierUs && requestedUs < toUs;
    });
    return { trial, input: { ...input, faults, endUs: Math.min(input.endUs, toUs) }, windows: own };
  });
}

/** Recovery in each trial; the slowest of the worst verdict is reported. */
export function judgeRecoveryTrials(
  input: JudgeInput,
  windows: WindowSet,
  evidence: Evidence,
  options: EvidenceOptions & { limitS: number; blockers: Blocker[] },
): PartJudgement {
  const slices = trialSlices(input, windows);
  if (slices.length < 2) return judgeRecoveryPart(input, windows, evidence, options);
  const parts = slices.map((slice): PartJudgement => {
    const part = judgeRecoveryPart(slice.input, slice.windows, gatherEvidence(slice.windows, options), options);
    return { ...part, sentence: `${part.sentence} in trial ${slice.trial}` };
  });
  const verdict = WORST.find((word) => parts.some((part) => part.verdict === word)) ?? 'inconclusive';
  const worst = parts
    .filter((part) => part.verdict === verdict)
    .reduce((slowest, part) => (slowness(part) > slowness(slowest) ? part : slowest));
  return { ...worst, warnings: parts.flatMap(({ warnings }) => warnings) };
}

function slowness({ estimate }: PartJudgement): number {
  return estimate.value ?? Infinity;
}
