import type { EventOf, RunEvent } from '../record/events.js';
import { combineRun } from '../verdict/combine.js';
import { judge, objectiveOnly } from '../verdict/judge.js';
import type { SloJudgement } from '../verdict/judgement.js';
import { judgeInputOfRun, slosOf, type FoldInput } from './fold.js';
import { find } from './run-story.js';

/** What the last seconds of a run that goes on say about its objectives. */
export interface CheckNow {
  verdict: 'passed' | 'failed' | 'inconclusive';
  /** As of `plimsoll run`: 0, 1 or 3. */
  exitCode: number;
  sentence: string;
  /** The seconds that were judged, from the run's t0; the last ones, in which requests may still be open, are not. */
  fromS: number;
  toS: number;
  slos: Pick<SloJudgement, 'name' | 'severity' | 'verdict' | 'sentence' | 'reasons'>[];
}

/** Told apart from what is recorded, since these windows are nobody's. */
const OWN_EVENTS = /^(?:window|fault|undo|stop|signal|run\.ended)/;
/** What has ended is in the arrivals file this much later, seconds. */
const WRITTEN_S = 1.5;

/**
 * Judges the objectives of all SLOs over the last `seconds` in which every arrival has ended, whatever the phase; drifts and
 * recoveries are what the whole run is for. An SLO without an objective is left out. Pure.
 */
export function checkNow(input: FoldInput, seconds: number): CheckNow {
  const { events } = input;
  const toS = settledUntil(events);
  const fromS = Math.max(toS - seconds, firstSecond(events));
  const window = { v: 1, seq: 0, t: toS, window: 'fault' as const, trial: 1 };
  const own: RunEvent[] = [
    { ...window, type: 'window.opened', atUs: fromS * 1e6 },
    { ...window, type: 'window.closed', atUs: toS * 1e6 },
  ];
  const slos = slosOf(input.slos, find(events, 'plan.resolved')).slos.flatMap((slo) =>
    slo.objective ? [{ ...objectiveOnly(slo), objective: { ...slo.objective, during: 'fault' as const } }] : [],
  );
  const judgeInput = judgeInputOfRun({
    ...input,
    events: [...events.filter(({ type }) => !OWN_EVENTS.test(type)), ...own],
    slos,
    ended: { complete: true },
  });
  // It has no recovery, but it ends where it was meant to; and whether a fault took effect is not asked here.
  const judged = judge({ ...judgeInput, stoppedEarly: false, faults: [] }).slos;
  const { verdict, exitCode, sentence } = combineRun({ slos: judged, invariants: [], cleanupProven: true });
  return {
    // Nothing was errored or aborted, so it is one of the three.
    verdict: verdict as CheckNow['verdict'],
    exitCode,
    sentence,
    fromS,
    toS,
    slos: judged.map(({ name, severity, verdict: own, sentence: words, reasons }) => ({
      name,
      severity,
      verdict: own,
      sentence: words,
      reasons,
    })),
  };
}

/** The end of the last second that is told for good in every stream, and written. */
function settledUntil(events: readonly RunEvent[]): number {
  const last = new Map<string, number>();
  for (const { stream, second, final } of secondsOf(events)) {
    if (final) last.set(stream, Math.max(second + 1, last.get(stream) ?? 0));
  }
  const streams = new Set(secondsOf(events).map(({ stream }) => stream));
  if (last.size < streams.size || last.size === 0) return 0;
  return Math.min(...last.values(), Math.floor((events.at(-1)?.t ?? 0) - WRITTEN_S));
}

function firstSecond(events: readonly RunEvent[]): number {
  return secondsOf(events).reduce((least, { second }) => Math.min(least, second), Infinity);
}

function secondsOf(events: readonly RunEvent[]): EventOf<'second'>[] {
  return events.filter((event): event is EventOf<'second'> => event.type === 'second');
}
