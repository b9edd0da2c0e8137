import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { readArrivals } from '../record/arrivals-file.js';
import type { EventLog } from '../record/event-log.js';
import type { RunDirectory } from '../record/run-directory.js';
import { foldRun } from '../result/fold.js';
import { evidenceOf } from '../result/load-run.js';
import type { RunResult } from '../result/schema.js';
import { messageOf } from '../support/errors.js';

/** Judges what was recorded, and writes the last event and `result.json`. */
export function finish(log: EventLog, directory: RunDirectory): RunResult {
  log.append('phase.started', { phase: 'judging', trial: 1 });
  const arrivals = existsSync(directory.arrivals) ? readArrivals(directory.arrivals) : undefined;
  const result = foldRun({
    events: log.events,
    // A run that ended before its first request has no arrivals file.
    arrivals,
    ended: { complete: true },
    warnings: [...(log.problem ? [log.problem.message] : []), ...(arrivals?.warnings ?? [])],
    evidence: evidenceOf(directory),
  });
  log.append('run.ended', {
    verdict: result.verdict,
    exitCode: result.exitCode,
    sentence: result.sentence,
    ledger: result.ledger
      .filter((row) => row.window === 'run' && row.request === undefined)
      .map(({ stream, scheduled, outcomes }) => ({ stream, scheduled, outcomes })),
    cleanupProven: result.cleanup.proven,
  });
  log.close();
  try {
    // Whole or not at all: `plimsoll report` folds the logs when it is not there.
    writeFileSync(`${directory.result}.part`, JSON.stringify(result));
    renameSync(`${directory.result}.part`, directory.result);
  } catch (error) {
    result.warnings.push({
      code: 'result_not_written',
      message: `result.json could not be written: ${messageOf(error)}`,
    });
  }
  return result;
}
