import type { ArrivalColumns, StreamHeader } from '../record/arrivals.js';
import type { EventOf, RunEvent } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import { columnsWhere } from '../verdict/arrivals.js';
import type { JudgeInput, JudgeWindow, StreamArrivals } from '../verdict/input.js';
import type { Slo } from '../verdict/slo.js';
import { driverHealthIn } from './health.js';
import type { StreamRecords } from './ledger.js';
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
  const counts = (columns: ArrivalColumns, k: number): boolean => !stoppedEarly || columns.outcome[k] !== UNFINISHED;
  const models = new Map(streams.map(({ header }) => [header.name, header.model]));
  const fromUs = Math.min(...windows.map(({ startUs }) => startUs));
  let endUs = 0;
  for (const { columns } of streams) for (const due of columns.dueUs) if (due > endUs) endUs = due;
  return {
    slos,
    windows: windows.map(({ kind, trial, startUs, endUs: windowEndUs }, w): JudgeWindow => {
      const dropped: Record<string, number> = {};
      for (const { header, columns, assigned } of streams) {
        let count = 0;
        for (let k = 0; k < assigned.length; k++) if (assigned[k] === w && columns.outcome[k] === DROPPED) count++;
        if (count > 0) dropped[header.name] = count;
      }
      return {
        kind,
        trial,
        startUs,
        endUs: windowEndUs,
        streams: streams.map((records) =>
          pick(records, (columns, k) => records.assigned[k] === w && counts(columns, k)),
        ),
        dropped,
        ...driverHealthIn({ startUs, endUs: windowEndUs }, events, models),
      };
    }),
    timeline: streams.map((records) =>
      pick(records, (columns, k) => (columns.dueUs[k] ?? 0) >= fromUs && counts(columns, k)),
    ),
    faults,
    endUs,
    stoppedEarly,
    ...(run.looks ? { looks: run.looks } : {}),
    ...(run.sources ? { sources: run.sources } : {}),
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

function pick(
  { header, columns }: { header: StreamHeader; columns: ArrivalColumns },
  wanted: (columns: ArrivalColumns, k: number) => boolean,
): StreamArrivals {
  return {
    stream: header.name,
    model: header.model,
    ...(header.ratePerSecond === undefined ? {} : { plannedRatePerSecond: header.ratePerSecond }),
    requests: header.requests,
    deadlinesS: header.deadlinesUs.map((us) => us / 1e6),
    ...columnsWhere(columns, (k) => wanted(columns, k)),
  };
}
