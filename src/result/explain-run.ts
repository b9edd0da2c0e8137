import type { RunDirectory } from '../record/run-directory.js';
import { PlimsollError } from '../support/errors.js';
import { explainSlo, type SloExplanation } from '../verdict/explain/explain.js';
import { judgeInputOfRun } from './fold.js';
import { readRecords } from './load-run.js';

/**
 * How the verdict on one SLO of a recorded run came about, step by step, from its records.
 *
 * @throws PlimsollError `no_arrivals` where there is nothing to judge, `unknown_slo` for a name that the run does not have
 */
export function explainRun(directory: RunDirectory, slo: string): SloExplanation {
  const records = readRecords(directory);
  if (records.arrivals === undefined) {
    throw new PlimsollError({
      code: 'no_arrivals',
      message: `${directory.path} has no recorded arrivals, so there is no computation to walk through.`,
      hint: 'Explain a run whose arrivals.bin is there.',
    });
  }
  return explainSlo(judgeInputOfRun(records), slo);
}
