import { combineRun } from '../verdict/combine.js';
import type { Ending } from './ending.js';
import type { FoldedFault } from './faults.js';
import type { RunResult } from './schema.js';

/** The verdict of the run; what must never be green is held back here once more, whatever the parts said. */
export function verdictOf(run: {
  judged: RunResult['slos'];
  invariants: RunResult['invariants'];
  ending: Ending;
  cleanup: RunResult['cleanup'];
  faults: readonly FoldedFault[];
  complete: boolean;
}): Pick<RunResult, 'verdict' | 'exitCode' | 'sentence'> {
  const { ending, invariants, cleanup } = run;
  const combined = combineRun({
    slos: run.judged,
    invariants: invariants.map(({ name, held, message }) => ({ name, held, message })),
    ...(ending.errored ? { errored: ending.errored } : {}),
    ...(ending.aborted ? { aborted: ending.aborted } : {}),
    ...(ending.statisticalStop ? { statisticalStop: true } : {}),
    ...(ending.signal ? { signal: ending.signal } : {}),
    cleanupProven: cleanup.proven,
  });
  const { verdict, exitCode, sentence } = combined;
  if (verdict === 'inconclusive' && ending.unhealthyBaseline !== undefined) {
    return { verdict, exitCode, sentence: `INCONCLUSIVE: ${ending.unhealthyBaseline}` };
  }
  const doubt = verdict === 'passed' ? doubtOf(run) : undefined;
  if (doubt === undefined) return { verdict, exitCode, sentence };
  return { verdict: 'inconclusive', exitCode: exitCode === 0 ? 3 : exitCode, sentence: `INCONCLUSIVE: ${doubt}.` };
}

function doubtOf(run: Pick<Parameters<typeof verdictOf>[0], 'invariants' | 'ending' | 'faults' | 'complete'>) {
  if (!run.complete) return 'the run did not come to its end';
  if (run.ending.unhealthyBaseline !== undefined) return run.ending.unhealthyBaseline;
  const unchecked = run.invariants.find(({ held }) => held !== true);
  if (unchecked) return `the invariant ${unchecked.name} was not checked`;
  const unsure = run.faults.find(
    ({ result, proofOptional }) =>
      result.proof === null ||
      (result.proof.status !== 'confirmed' && !(proofOptional && result.proof.status === 'unknown')),
  );
  return unsure ? `it is not known whether ${unsure.result.type} (${unsure.result.id}) took effect` : undefined;
}
