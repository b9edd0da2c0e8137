import { WRITTEN_AFTER_MS } from '../record/arrivals.js';
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

type Second = EventOf<'second'>;

/** What the run itself made of its time: here only the window that is asked for counts. */
const OWN_EVENTS = /^(?:window|fault|undo|stop|signal|run\.ended)/;

/**
 * Judges the objectives of all SLOs over the last `seconds` in which every arrival has ended, whatever the phase; drifts and
 * recoveries are what the whole run is for. An SLO without an objective is left out. Pure.
 */
export function checkNow(input: FoldInput, seconds: number): CheckNow {
  const { events } = input;
  const told = events.filter((event): event is Second => event.type === 'second');
  const toS = settledUntil(events, told);
  const firstS = told.reduce((least, { second }) => Math.min(least, second), toS);
  const fromS = Math.max(toS - seconds, firstS);
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
    slos: judged.map((slo) => ({
      name: slo.name,
      severity: slo.severity,
      verdict: slo.verdict,
      sentence: slo.sentence,
      reasons: slo.reasons,
    })),
  };
}

/** Until the first second of any stream in which an arrival may still be open, or is not written yet. */
function settledUntil(events: readonly RunEvent[], seconds: readonly Second[]): number {
  const final = new Set(seconds.filter((one) => one.final).map(keyOf));
  const open = seconds.filter((one) => !final.has(keyOf(one))).map(({ second }) => second);
  const last = Math.max(0, ...new Set(seconds.map(({ second }) => second + 1)));
  return Math.max(0, Math.min(last, ...new Set(open), Math.floor((events.at(-1)?.t ?? 0) - WRITTEN_AFTER_MS / 1000)));
}

function keyOf({ stream, second }: Second): string {
  return `${second} ${stream}`;
}
