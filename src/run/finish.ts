import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { readArrivals } from '../record/arrivals-file.js';
import type { EventLog } from '../record/event-log.js';
import type { RunDirectory } from '../record/run-directory.js';
import { gateOf } from '../result/gate.js';
import { foldRun } from '../result/fold.js';
import { evidenceOf } from '../result/load-run.js';
import { parseResult } from '../result/migrate.js';
import type { RunResult } from '../result/schema.js';
import { messageOf } from '../support/errors.js';

/** Compiled code beside this file; when this file itself runs uncompiled (in tests), that of the build. */
export const JUDGE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/run/judge-process.js' : './judge-process.js', import.meta.url),
);

/**
 * Judges what was recorded, and writes the last event and `result.json`.
 *
 * @param act what a gate does with the verdict, before the run is over
 */
export async function finish(
  log: EventLog,
  directory: RunDirectory,
  act?: (result: RunResult) => Promise<void>,
): Promise<RunResult> {
  log.append('phase.started', { phase: 'judging', trial: 1 });
  // With a full disk only this process still knows all events.
  const result = log.problem ? judgeHere(log, directory) : await judgeApart(log, directory);
  if (act) {
    await act(result);
    const acted = gateOf(log.events);
    if (acted.gate) {
      Object.assign(result, acted);
      write(directory, result);
    }
  }
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
  return result;
}

/** In a process of its own, from the files; here, if that fails. */
async function judgeApart(log: EventLog, directory: RunDirectory): Promise<RunResult> {
  const part = `${directory.result}.part`;
  try {
    await execa(process.execPath, [JUDGE, directory.path], { stdin: 'ignore', stdout: 'ignore', detached: true });
    const result = parseResult(JSON.parse(readFileSync(part, 'utf8')), part);
    // Whole or not at all: `plimsoll report` folds the logs when it is not there.
    renameSync(part, directory.result);
    return result;
  } catch (error) {
    log.append('warning', { code: 'judged_in_conductor', message: `the judging process failed: ${messageOf(error)}` });
    return judgeHere(log, directory);
  }
}

function judgeHere(log: EventLog, directory: RunDirectory): RunResult {
  // A run that ended before its first request has no arrivals file.
  const arrivals = existsSync(directory.arrivals) ? readArrivals(directory.arrivals) : undefined;
  const result = foldRun({
    events: log.events,
    arrivals,
    ended: { complete: true },
    warnings: [...(log.problem ? [log.problem.message] : []), ...(arrivals?.warnings ?? [])],
    evidence: evidenceOf(directory),
  });
  write(directory, result);
  return result;
}

/** Whole or not at all. A disk that has no room for it leaves the logs, of which it can be made again. */
function write(directory: RunDirectory, result: RunResult): void {
  try {
    writeFileSync(`${directory.result}.part`, JSON.stringify(result));
    renameSync(`${directory.result}.part`, directory.result);
  } catch (error) {
    result.warnings.push({
      code: 'result_not_written',
      message: `result.json could not be written: ${messageOf(error)}`,
    });
  }
}
