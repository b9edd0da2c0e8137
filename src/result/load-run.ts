import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readArrivals, type ArrivalsRead } from '../record/arrivals-file.js';
import type { ArrivalsHeader } from '../record/arrivals.js';
import { readEvents } from '../record/event-log.js';
import type { EventOf, RunEvent } from '../record/events.js';
import { readJournalEntries } from '../record/journal-reader.js';
import type { RunDirectory } from '../record/run-directory.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import { foldRun, type FoldInput } from './fold.js';
import { parseResult } from './migrate.js';
import type { RunResult } from './schema.js';

/**
 * The result of a run: the stored one, which was judged once, or, for a run that was killed or whose result is damaged,
 * what its logs still tell.
 */
export function loadRun(directory: RunDirectory): RunResult {
  if (!existsSync(directory.result)) return foldRun(readRecords(directory));
  try {
    return parseResult(parseJson(readFileSync(directory.result, 'utf8'), directory.result), directory.result);
  } catch (error) {
    // A newer result must not be replaced by what an older Plimsoll makes of its logs.
    const code = error instanceof PlimsollError ? error.code : undefined;
    if (code !== 'result_damaged' || !existsSync(directory.events)) throw error;
    const records = readRecords(directory);
    return foldRun({ ...records, warnings: [messageOf(error), ...(records.warnings ?? [])] });
  }
}

/** The records of a run as the fold takes them: damaged parts are left out and named in `warnings`. */
export function readRecords(directory: RunDirectory): FoldInput {
  const { events, warnings } = readEvents(directory.events);
  const started = events.find((event) => event.type === 'run.started') as EventOf<'run.started'> | undefined;
  let arrivals: ArrivalsRead | undefined;
  if (existsSync(directory.arrivals)) {
    try {
      arrivals = readArrivals(directory.arrivals, started && headerFrom(started));
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'arrivals_damaged') throw error;
      warnings.push(error.message);
    }
  } else if (loadHadBegun(events)) {
    warnings.push(`${directory.arrivals} is missing: nothing can be judged.`);
  }
  return {
    events,
    arrivals,
    journal: readJournalEntries(directory.journal),
    warnings,
    evidence: evidenceOf(directory),
  };
}

/** Files beside the records that are worth a look. */
export function evidenceOf(directory: RunDirectory): RunResult['evidence'] {
  const list = (folder: string, what: (name: string) => string): RunResult['evidence'] =>
    existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => ({ file: relative(directory.path, join(folder, name)), what: what(name) }))
      : [];
  return [
    ...list(directory.logs, (name) => `what ${name.replace(/\.log$/, '')} printed`),
    ...list(directory.evidence, () => 'evidence'),
  ];
}

function headerFrom(started: EventOf<'run.started'>): ArrivalsHeader {
  const { runId, seed, t0Us, streams } = started;
  return { formatVersion: 1, runId, seed, t0Us, streams: streams as ArrivalsHeader['streams'] };
}

function loadHadBegun(events: readonly RunEvent[]): boolean {
  return events.some(({ type }) => type === 'second' || type === 'window.opened');
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PlimsollError({
      code: 'result_damaged',
      message: `${name} is damaged: ${messageOf(error)}.`,
      cause: error,
    });
  }
}
