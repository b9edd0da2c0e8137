import type { RunDirectory } from '../record/run-directory.js';
import { PlimsollError } from '../support/errors.js';
import type { Slo } from '../verdict/slo.js';
import { foldRun } from './fold.js';
import { readRecords } from './load-run.js';
import type { RunResult } from './schema.js';

/**
 * Judges a recorded run once more from its records, exactly: with its own SLOs, or with others. Nothing is written.
 * Throws `no_arrivals` where there is nothing to judge, and `slo_invalid` for an SLO that makes no sense.
 */
export function judgeAgain(directory: RunDirectory, slos?: readonly Slo[]): RunResult {
  const records = readRecords(directory);
  if (records.arrivals === undefined) {
    throw new PlimsollError({
      code: 'no_arrivals',
      message: `${directory.path} has no recorded arrivals, so there is nothing to judge.`,
      hint: 'Judge a run whose arrivals.bin is there.',
    });
  }
  return foldRun({ ...records, ...(slos ? { slos } : {}) });
}
