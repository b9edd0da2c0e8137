import type { ArrivalsRead } from '../record/arrivals-file.js';
import { emptyColumns } from '../record/arrivals-reader.js';
import type { EventOf, RunEvent } from '../record/events.js';
import type { JournalEntry } from '../record/journal-reader.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import { traceIdOf } from '../support/trace-id.js';
import type { JudgeInput } from '../verdict/input.js';
import { judge } from '../verdict/judge.js';
import { Slo } from '../verdict/slo.js';
import { budgetOf } from './budget.js';
import { distributionsOf, seriesOf } from './curves.js';
import { endingOf, type Ending } from './ending.js';
import { eventText } from './event-text.js';
import { cleanupOf, faultsOf, judgedFaults } from './faults.js';
import { gameDayOf } from './game-day.js';
import { healthOf } from './health.js';
import { gateOf } from './gate.js';
import { inFlightAt } from './in-flight.js';
import { judgeInputOf } from './judge-input.js';
import { ledgerOf, type StreamRecords } from './ledger.js';
import { aboutRun, capacityOf, find, lastMoment, looksOf as looksTaken, marksOf, phasesOf } from './run-story.js';
import { verdictOf } from './run-verdict.js';
import { samplesOf } from './samples.js';
import { sourcesOf } from './sources.js';
import { RESULT_SCHEMA_VERSION, type RunResult } from './schema.js';
import { assignWindows, injectionsOf, stretchesOf, windowsOf, type Window } from './windows.js';

export interface FoldInput {
  /** In order, as written. */
  events: readonly RunEvent[];
  /** Undefined: there is no arrivals file, since the run ended before its load began, or it is lost. */
  arrivals: ArrivalsRead | undefined;
  /** Judge with these SLOs in place of the recorded ones. */
  slos?: readonly Slo[];
  /** A planned look at a run that goes on: judged as if it had ended here as planned. */
  look?: { done: number; planned: number };
  /** Given by the conductor, which folds before it writes the last event. */
  ended?: { complete: boolean };
  /** Undo records of a run whose conductor died: see `readJournalEntries`. */
  journal?: readonly JournalEntry[];
  /** What the readers of the files had to say. */
  warnings?: readonly string[];
  evidence?: RunResult['evidence'];
}

/** Too many to read one by one; the result has them as columns, or as estimates. */
const PER_SECOND = new Set<RunEvent['type']>(['second', 'driver.health', 'source.sample']);

type Started = EventOf<'run.started'>;
type Warning = RunResult['warnings'][number];

/**
 * Makes the result of a run from what it recorded, and judges it. Pure: the same records give the same result. It works
 * on what there is, so a killed run has a result too; that one is never `passed`.
 */
export function foldRun(input: FoldInput): RunResult {
  const { events, arrivals } = input;
  const story = storyOf(input);
  const { started, plan, complete, windows, streams, ledgers, faults, ending } = story;
  const cleanup = cleanupOf(faults);
  const judged = judgeSafely(story.judgeInput, input.slos !== undefined);
  const budget = budgetOf(plan, story.judgeInput);
  ending.errored ??= judged.problem;
  const invariants = invariantsOf(events, plan);
  const verdict = verdictOf({ judged: judged.slos, invariants, ending, cleanup, faults, complete });
  const runId = started?.runId ?? arrivals?.header.runId ?? 'unknown';

  return {
    schema: RESULT_SCHEMA_VERSION,
    run: aboutRun(events, started, arrivals, complete),
    ...verdict,
    cleanup,
    slos: judged.slos,
    ...budget.judged,
    invariants,
    faults: faults.map(({ result }) => withInFlight(result, events, streams)),
    phases: phasesOf(events),
    windows: windows.flatMap((window) =>
      stretchesOf(window).map(({ startUs, endUs }) => ({
        window: window.kind,
        trial: window.trial,
        startS: startUs / 1e6,
        endS: endUs / 1e6,
      })),
    ),
    ...gameDayOf(events),
    ledger: ledgers.flatMap(({ rows }) => rows),
    series: streams.flatMap((stream) => seriesOf(stream) ?? []),
    distribution: streams.flatMap((stream) => distributionsOf(stream, windows, story.judgeInput.windows)),
    samples: streams.flatMap((stream) => samplesOf(stream, windows, { runId, traceIdOf })),
    health: healthOf(events),
    capacity: capacityOf(events),
    marks: marksOf(events),
    ...looksTaken(events),
    ...gateOf(events),
    topology: plan?.topology ?? { services: [], links: [] },
    evidence: [...(input.evidence ?? [])],
    events: events
      .filter(({ type }) => !PER_SECOND.has(type))
      .map((event) => ({ t: event.t, type: event.type, text: eventText(event) })),
    warnings: [...warningsOf(input, plan, ledgers, complete), ...budget.warnings],
  };
}

function withInFlight(
  fault: RunResult['faults'][number],
  events: readonly RunEvent[],
  streams: readonly StreamRecords[],
): RunResult['faults'][number] {
  const inFlight = inFlightAt(fault, events, streams);
  return inFlight ? { ...fault, inFlight } : fault;
}

/** What the records tell, made ready for judging and showing. */
function storyOf(input: FoldInput) {
  const { events, arrivals } = input;
  const started = find(events, 'run.started');
  const plan = find(events, 'plan.resolved');
  const complete = input.ended?.complete ?? find(events, 'run.ended') !== undefined;
  const lastUs = lastMoment(events, arrivals);
  const windows = windowsOf(events, lastUs);
  const streams = streamsOf(arrivals, started, windows, events);
  const ledgers = streams.map((stream) => ledgerOf(stream, windows, events));
  const faults = faultsOf(events, input.journal ?? []);
  const slos = slosOf(input.slos, plan);
  const ending = endingOf({
    events,
    complete,
    faults,
    // A killed run has lost its last chunk: that is no fault of the records.
    violations: [...(complete ? violationsOf(ledgers, arrivals, streams) : []), ...slos.problems],
  });
  const judgeInput = judgeInputOf({
    slos: slos.slos,
    streams,
    windows,
    faults: judgedFaults(faults, events),
    events,
    stoppedEarly: input.look === undefined && isStoppedEarly(windows, ending, complete, trialsOf(events)),
    looks: input.look ?? looksOf(events),
    noise: plan?.noise,
    sources: sourcesOf(events),
  });
  return { started, plan, complete, windows, streams, ledgers, faults, ending, judgeInput };
}

/** What judging a run works on: for those that look closer at the verdict than its result. */
export function judgeInputOfRun(input: FoldInput): JudgeInput {
  return storyOf(input).judgeInput;
}

/**
 * A run whose judging fails must still have a result, and it can't be green. SLOs that somebody has just handed in are
 * another matter: their error goes to that person.
 */
function judgeSafely(input: JudgeInput, given: boolean): { slos: RunResult['slos']; problem: Ending['errored'] } {
  try {
    return { slos: judge(input).slos, problem: undefined };
  } catch (error) {
    if (given && error instanceof PlimsollError) throw error;
    return {
      slos: [],
      problem: { code: 'judging_failed', message: `the SLOs could not be judged: ${messageOf(error)}` },
    };
  }
}

/** Did the run end before its windows did? Then only what may be decided after a stop is decided. */
function isStoppedEarly(windows: readonly Window[], ending: Ending, complete: boolean, trials: number): boolean {
  const recovery = windows.findLast(({ kind }) => kind === 'recovery');
  if (!recovery?.closed || windows.filter(({ kind }) => kind === 'recovery').length < trials) return true;
  if (windows.some(({ closed }) => !closed)) return true;
  // The last window is a recovery, or, of an even number of trials, a baseline.
  const lastUs = Math.max(...windows.map(({ endUs }) => endUs));
  if (ending.cutShortAtS !== undefined) return ending.cutShortAtS * 1e6 < lastUs;
  return !complete && ending.aborted === undefined;
}

/** Trials that the verdict stands on: those planned, or those before the look that decided. */
function trialsOf(events: readonly RunEvent[]): number {
  return deciding(events)?.trials ?? find(events, 'run.started')?.trials ?? 1;
}

/** Which planned look the verdict is made at; undefined: there was only the end. */
function looksOf(events: readonly RunEvent[]): JudgeInput['looks'] {
  const planned = find(events, 'run.started')?.looks ?? 1;
  if (planned < 2) return undefined;
  return { done: deciding(events)?.look ?? planned, planned };
}

function deciding(events: readonly RunEvent[]): EventOf<'look.taken'> | undefined {
  return events.find((event): event is EventOf<'look.taken'> => event.type === 'look.taken' && event.decided);
}

/** Columns on the run's own clock, with the window of each arrival. */
function streamsOf(
  arrivals: ArrivalsRead | undefined,
  started: Started | undefined,
  windows: readonly Window[],
  events: readonly RunEvent[],
): StreamRecords[] {
  const injections = injectionsOf(events);
  const headers = arrivals?.header.streams ?? started?.streams ?? [];
  return headers.map((header, k) => {
    const columns = arrivals?.streams[k] ?? emptyColumns();
    const { ratePerSecond, arrivals: gaps, users, ...rest } = header;
    return {
      header: {
        ...rest,
        ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
        ...(gaps === undefined ? {} : { arrivals: gaps }),
        ...(users === undefined ? {} : { users }),
      },
      columns,
      assigned: assignWindows(columns, windows, injections),
    };
  });
}

function violationsOf(
  ledgers: readonly ReturnType<typeof ledgerOf>[],
  arrivals: ArrivalsRead | undefined,
  streams: readonly StreamRecords[],
): { code: string; message: string }[] {
  const broken = ledgers.flatMap(({ violation }) => (violation === undefined ? [] : [violation]));
  const first = broken.map((message) => ({
    code: 'ledger_mismatch',
    message: `the ledger does not add up: ${message}`,
  }));
  // Told apart from a ledger that is wrong: here the file is.
  if (arrivals && (arrivals.lostChunks > 0 || arrivals.torn) && streams.length > 0) {
    first.push({ code: 'arrivals_damaged', message: 'a part of the recorded arrivals is lost' });
  }
  return first;
}

/** The SLOs to judge: those that were handed in, or the recorded ones. */
export function slosOf(given: readonly Slo[] | undefined, plan: EventOf<'plan.resolved'> | undefined) {
  const problems: { code: string; message: string }[] = [];
  if (given) return { slos: [...given], problems };
  const slos: Slo[] = [];
  for (const recorded of plan?.slos ?? []) {
    const slo = Slo.safeParse(recorded);
    if (slo.success) slos.push(slo.data);
    else
      problems.push({
        code: 'slo_unreadable',
        message: `a recorded SLO can't be read: ${slo.error.issues[0]?.message}`,
      });
  }
  return { slos, problems };
}

function invariantsOf(
  events: readonly RunEvent[],
  plan: EventOf<'plan.resolved'> | undefined,
): RunResult['invariants'] {
  const found = new Map<string, RunResult['invariants'][number]>();
  for (const { name, expected } of plan?.invariants ?? []) {
    found.set(name, { name, held: null, expected, found: '', message: 'not checked: the run ended before it' });
  }
  for (const event of events) {
    if (event.type !== 'invariant.checked') continue;
    const { name, held, expected, message } = event;
    // Once violated stays violated: one violation is enough.
    if (found.get(name)?.held === false) continue;
    found.set(name, { name, held, expected, found: event.found, message });
  }
  return [...found.values()];
}

function warningsOf(
  input: FoldInput,
  plan: EventOf<'plan.resolved'> | undefined,
  ledgers: readonly ReturnType<typeof ledgerOf>[],
  complete: boolean,
): Warning[] {
  const warnings: Warning[] = [...(plan?.warnings ?? [])];
  for (const event of input.events) {
    if (event.type === 'warning') warnings.push({ code: event.code, message: event.message });
  }
  for (const message of [...(input.warnings ?? []), ...(input.arrivals?.warnings ?? [])]) {
    warnings.push({ code: 'records_damaged', message });
  }
  const lost = ledgers.reduce((sum, ledger) => sum + ledger.lost, 0);
  if (lost > 0) {
    warnings.push({
      code: 'arrivals_lost',
      message: `${lost} arrivals were scheduled but have no record; they are booked as unfinished, in no window.`,
    });
  }
  if (!complete) {
    warnings.push({
      code: 'run_killed',
      message: 'The event log has no end of the run: it was killed. This is what its logs still tell.',
    });
  }
  return warnings.filter(
    ({ code, message }, k) => warnings.findIndex((other) => other.code === code && other.message === message) === k,
  );
}
