import type { EventOf, RunEvent } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import type { JudgeInput, JudgeWindow, StreamArrivals, StreamPart } from '../verdict/input.js';
import type { Slo } from '../verdict/slo.js';
import { driverHealthIn } from './health.js';
import type { StreamRecords } from './ledger.js';
import { joinedClock, joinedSources } from './joined-clock.js';
import type { Window } from './windows.js';

const DROPPED = OUTCOMES.indexOf('dropped');
const UNFINISHED = OUTCOMES.indexOf('unfinished');

/** What judging works on, cut from the records of a run. */
export function judgeInputOf(run: {
  slos: Slo[];
  streams: readonly StreamRecords[];
  windows: readonly Window[];
  faults: JudgeInput['faults'];
  events: readonly RunEvent[];
  stoppedEarly: boolean;
  looks?: JudgeInput['looks'];
  noise?: EventOf<'plan.resolved'>['noise'];
  sources?: JudgeInput['sources'];
}): JudgeInput {
  const { slos, streams, windows, faults, events, stoppedEarly } = run;
  // After a stop, what was still open was ended by us and not by the system: it says nothing about either.
  const without = stoppedEarly ? UNFINISHED : -1;
  const models = new Map(streams.map(({ header }) => [header.name, header.model]));
  const fromUs = Math.min(...windows.map(({ startUs }) => startUs));
  const looked = streams.map((records) => lookThrough(records, windows.length));
  return {
    slos,
    windows: windows.map((window, w): JudgeWindow => {
      const { kind, trial, startUs } = window;
      const joined = joinedClock(window);
      const dropped = streams.map(({ header }, s): [string, number] => [header.name, looked[s]?.dropped[w] ?? 0]);
      return {
        kind,
        trial,
        startUs,
        endUs: joined.endUs,
        streams: streams.map((records, s): StreamArrivals => {
          const { from = 0, to = 0 } = looked[s]?.ranges[w] ?? {};
          const own = part(records, { from, to, marks: records.assigned, mark: w, sinceUs: -Infinity, without });
          return window.parts ? { ...own, dueUs: own.dueUs.map(joined.at) } : own;
        }),
        dropped: Object.fromEntries(dropped.filter(([, count]) => count > 0)),
        ...driverHealthIn(window, events, models),
      };
    }),
    timeline: streams.map((records) =>
      part(records, { from: 0, to: records.columns.dueUs.length, sinceUs: fromUs, without }),
    ),
    faults,
    endUs: looked.reduce((last, { lastUs }) => Math.max(last, lastUs), 0),
    stoppedEarly,
    ...(run.looks ? { looks: run.looks } : {}),
    ...(run.sources ? { sources: windows.reduce(joinedSources, run.sources) } : {}),
    ...(run.noise ? { noise: noiseOf(run.noise) } : {}),
  };
}

/** Without the keys that are undefined. */
function noiseOf(noise: NonNullable<EventOf<'plan.resolved'>['noise']>): NonNullable<JudgeInput['noise']> {
  return Object.fromEntries(
    Object.entries(noise).map(([slo, { deffFloor, burstLengthS, betweenWindowsSd }]) => [
      slo,
      {
        ...(deffFloor === undefined ? {} : { deffFloor }),
        ...(burstLengthS === undefined ? {} : { burstLengthS }),
        ...(betweenWindowsSd === undefined ? {} : { betweenWindowsSd }),
      },
    ]),
  );
}

/** Where each window's arrivals lie in the columns, how many of them were dropped, and when the last was due. */
function lookThrough({ columns, assigned }: StreamRecords, windows: number) {
  const { dueUs, outcome } = columns;
  const ranges = Array.from({ length: windows }, () => ({ from: 0, to: 0 }));
  const dropped = new Uint32Array(windows);
  let lastUs = 0;
  for (let k = 0; k < assigned.length; k++) {
    const due = dueUs[k] ?? 0;
    if (due > lastUs) lastUs = due;
    const window = assigned[k] ?? windows;
    const range = ranges[window];
    if (!range) continue;
    if (range.to === 0) range.from = k;
    range.to = k + 1;
    if (outcome[k] === DROPPED) dropped[window] = (dropped[window] ?? 0) + 1;
  }
  return { ranges, dropped, lastUs };
}

/** Shares the columns: nothing is copied. */
function part({ header, columns }: Pick<StreamRecords, 'header' | 'columns'>, of: StreamPart): StreamArrivals {
  return {
    stream: header.name,
    model: header.model,
    ...(header.ratePerSecond === undefined ? {} : { plannedRatePerSecond: header.ratePerSecond }),
    requests: header.requests,
    deadlinesS: header.deadlinesUs.map((us) => us / 1e6),
    dueUs: columns.dueUs,
    responseUs: columns.responseUs,
    status: columns.status,
    outcome: columns.outcome,
    request: columns.request,
    part: of,
  };
}
