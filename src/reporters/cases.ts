import type { FaultResult, RunResult } from '../result/schema.js';
import type { PartResult, SloResult } from './words.js';

/** One thing that a run checked, as test reports of CI systems see it. */
export interface Case {
  /** `slo.critical`, `slo.warning`, `slo.info`, `invariant`, `fault` or `run`. */
  group: string;
  name: string;
  timeS: number;
  /** See `casesOf`. */
  state: 'passed' | 'failure' | 'skipped' | 'error';
  message?: string;
  details?: string;
}

/**
 * A run as test cases: each part of each SLO, each invariant, each fault's proof and undo, the clean-up, the run itself.
 *
 * `failure`: a critical SLO or an invariant is broken. `skipped`: not decided, with the reason, or broken where the
 * scenario says that it decides nothing (severity warning or info). `error`: the harness, the environment or the
 * clean-up.
 */
export function casesOf(result: RunResult): Case[] {
  const cases = [
    ...result.slos.flatMap((slo) => sloCases(slo, result)),
    ...result.invariants.map(invariantCase),
    ...result.faults.flatMap(faultCases),
  ];
  return [...cases, cleanupCase(result), runCase(result, cases)];
}

const PART_WINDOWS: Readonly<Record<PartResult['part'], string>> = {
  objective: 'objective under fault',
  tolerance: 'drift from baseline to fault',
  recovery: 'recovery',
};

function sloCases(slo: SloResult, result: RunResult): Case[] {
  const lengthOf = (kind: string): number =>
    result.windows.filter((window) => window.window === kind).reduce((sum, { startS, endS }) => sum + endS - startS, 0);
  return slo.parts.map((part): Case => {
    const base = {
      group: `slo.${slo.severity}`,
      name: `${slo.name}: ${PART_WINDOWS[part.part]}`,
      timeS: lengthOf(part.part === 'recovery' ? 'recovery' : 'fault'),
    };
    const details = [
      part.sentence,
      ...[...part.reasons, ...part.warnings].map(({ code, message }) => `[${code}] ${message}`),
    ];
    if (part.verdict === 'passed') return { ...base, state: 'passed', details: details.join('\n') };
    if (part.verdict === 'inconclusive') {
      const reason = part.reasons[0] ?? slo.reasons[0];
      return {
        ...base,
        state: 'skipped',
        message: `inconclusive: ${reason === undefined ? part.sentence : `${reason.code}: ${reason.message}`}`,
      };
    }
    return slo.severity === 'critical'
      ? { ...base, state: 'failure', message: `${slo.name} ${part.sentence}`, details: details.join('\n') }
      : { ...base, state: 'skipped', message: `broken, but of severity ${slo.severity}: ${part.sentence}` };
  });
}

function invariantCase(invariant: RunResult['invariants'][number]): Case {
  const base = { group: 'invariant', name: invariant.name, timeS: 0 };
  if (invariant.held === true) return { ...base, state: 'passed', details: invariant.message };
  if (invariant.held === null) return { ...base, state: 'skipped', message: `not checked: ${invariant.message}` };
  const details = `expected ${invariant.expected}\nfound    ${invariant.found}`;
  return { ...base, state: 'failure', message: invariant.message, details };
}

function faultCases(fault: FaultResult): Case[] {
  const label = `${fault.id} ${fault.type}`;
  const took = (from: number | null, to: number | null): number => (from === null || to === null ? 0 : to - from);
  const proof = { group: 'fault', name: `${label}: takes effect`, timeS: took(fault.requestedS, fault.provenS) };
  const undo = { group: 'fault', name: `${label}: is undone`, timeS: took(fault.undoRequestedS, fault.undoProvenS) };
  const failed = fault.undo.filter((record) => record.state === 'failed');
  const undoCase: Case =
    failed.length > 0
      ? {
          ...undo,
          state: 'error',
          message: `the undo failed: ${failed[0]?.message ?? ''}`,
          details: failed.map((record) => `${record.words}\nby hand: ${record.byHand}`).join('\n'),
        }
      : fault.requestedS === null
        ? { ...undo, state: 'skipped', message: 'nothing to undo: it was never injected' }
        : proofCase(undo, fault.undoProof, 'there is no proof that it is gone');
  if (fault.error !== undefined) {
    const message = `${fault.error.code}: ${fault.error.message}`;
    return [{ ...proof, state: 'error', message, details: fault.summary }, undoCase];
  }
  if (fault.requestedS === null) return [{ ...proof, state: 'skipped', message: 'was never injected' }, undoCase];
  return [proofCase(proof, fault.proof, 'was ordered, but there is no proof of it'), undoCase];
}

/** Gone or not is a matter of safety, so what can't be proven is an error there, and `skipped` for the effect. */
function proofCase(base: Pick<Case, 'group' | 'name' | 'timeS'>, proof: FaultResult['proof'], missing: string): Case {
  const unknown = base.name.endsWith('is undone') ? 'error' : 'skipped';
  if (proof === null) return { ...base, state: unknown, message: missing };
  const text = `${proof.finding} (${proof.method})`;
  if (proof.status === 'confirmed') return { ...base, state: 'passed', details: text };
  return { ...base, state: proof.status === 'mismatch' ? 'error' : unknown, message: `${proof.status}: ${text}` };
}

function cleanupCase({ cleanup }: RunResult): Case {
  const base = { group: 'run', name: 'everything is put back', timeS: 0 };
  if (cleanup.proven) return { ...base, state: 'passed', details: cleanup.sentence };
  return { ...base, state: 'error', message: cleanup.sentence, details: cleanup.byHand.join('\n') };
}

/** The run itself: what no other case says. A failed run fails here only if nothing else does. */
function runCase(result: RunResult, others: Case[]): Case {
  const base = { group: 'run', name: 'verdict', timeS: result.run.durationS };
  const message = `${result.verdict}: ${result.sentence}`;
  if (result.verdict === 'errored' || result.verdict === 'aborted' || !result.run.complete) {
    return { ...base, state: 'error', message };
  }
  if (result.verdict === 'inconclusive') return { ...base, state: 'skipped', message };
  if (result.verdict === 'failed' && !others.some((item) => item.state === 'failure')) {
    return { ...base, state: 'failure', message };
  }
  return { ...base, state: 'passed', details: message };
}
