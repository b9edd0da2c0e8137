import type { Plan } from '../plan/plan.js';
import { readArrivals } from '../record/arrivals-file.js';
import type { ArrivalColumns, StreamHeader } from '../record/arrivals.js';
import type { EventBody, RunEvent } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import type { RunDirectory } from '../record/run-directory.js';
import { sourcesOf } from '../result/sources.js';
import type { StreamArrivals } from '../verdict/input.js';
import { brokenObjectives } from '../verdict/judge.js';
import { PlimsollError } from '../support/errors.js';

/** Single seconds are noise; a driver that is unwell in more than so many of them lacks processor time. */
const STARVED_SHARE = 0.2;

const DROPPED = OUTCOMES.indexOf('dropped');

/**
 * Looks at the baseline before anything is broken: a critical objective that is already broken beyond doubt, arrivals
 * dropped at the in-flight cap, or a load that got no answer at all end the run here. What is merely unsure goes on:
 * the verdict will say so.
 *
 * @throws PlimsollError `baseline_unhealthy`
 */
export function checkBaseline(options: {
  plan: Plan;
  directory: RunDirectory;
  fromUs: number;
  toUs: number;
  /** The drivers' seconds so far. */
  health: readonly EventBody<'driver.health'>[];
  /** What was recorded so far, for the indicators that do not come from arrivals. */
  events?: readonly RunEvent[];
}): void {
  const { plan, directory, fromUs, toUs } = options;
  const { header, streams } = readArrivals(directory.arrivals);
  const cut = streams.map((columns, k) => cutStream(header.streams[k]!, columns, fromUs, toUs));
  if (cut.every((stream) => stream.dueUs.length === 0)) {
    throw unhealthy('no request was answered during the baseline', "Look at the load driver's health in the report.");
  }
  const dropped: Record<string, number> = {};
  for (const stream of cut) {
    const count = stream.outcome.reduce((sum, outcome) => sum + (outcome === DROPPED ? 1 : 0), 0);
    if (count > 0) dropped[stream.stream] = count;
  }
  const full = Object.entries(dropped)[0];
  if (full) {
    throw unhealthy(
      `${full[1]} requests of stream ${full[0]} were dropped at the in-flight cap before anything was broken`,
      "Lower the rate, shorten the deadline, or raise the stream's in-flight cap.",
    );
  }

  const [broken] = brokenObjectives(
    plan.slos.filter(({ severity }) => severity === 'critical'),
    {
      kind: 'baseline',
      trial: 1,
      startUs: fromUs,
      endUs: toUs,
      streams: cut,
      dropped,
      // A driver that was late is for the verdict to judge; here it must not hide a sick system.
      driverInvalid: { open: [], closed: [] },
      schedulingLagP99Ms: { open: 0, closed: 0 },
    },
    sourcesOf(options.events ?? []),
  );
  if (broken) {
    throw unhealthy(
      `${broken.slo} breaks its objective before anything was broken: ${broken.sentence}`,
      `${starved(options) ?? 'Mend the system, or set an objective that it keeps while it is well.'} Nothing was injected.`,
    );
  }
}

/** Where the driver gets no processor time the system beside it gets none either: then the system is not to blame. */
function starved({ health, fromUs, toUs }: Parameters<typeof checkBaseline>[0]): string | undefined {
  const inside = health.filter(({ second }) => second * 1e6 >= fromUs && second * 1e6 < toUs);
  const unwell = inside.filter(({ invalid }) => invalid !== undefined);
  if (unwell.length <= STARVED_SHARE * inside.length) return undefined;
  const worst = unwell.reduce((a, b) => (b.schedulingLagP99Ms > a.schedulingLagP99Ms ? b : a));
  return (
    `The load driver was not well either, in ${unwell.length} of ${inside.length} seconds (${worst.invalid}): ` +
    'this machine is probably too busy, or too small for this much load. End what else runs on it, or lower the rate.'
  );
}

function cutStream(header: StreamHeader, columns: ArrivalColumns, fromUs: number, toUs: number): StreamArrivals {
  const inside = (k: number) => columns.dueUs[k]! >= fromUs && columns.dueUs[k]! < toUs;
  let length = 0;
  for (let k = 0; k < columns.dueUs.length; k++) if (inside(k)) length++;
  const cut = {
    dueUs: new Float64Array(length),
    responseUs: new Uint32Array(length),
    status: new Uint16Array(length),
    outcome: new Uint8Array(length),
    request: new Uint8Array(length),
  };
  let at = 0;
  for (let k = 0; k < columns.dueUs.length; k++) {
    if (!inside(k)) continue;
    cut.dueUs[at] = columns.dueUs[k]!;
    cut.responseUs[at] = columns.responseUs[k]!;
    cut.status[at] = columns.status[k]!;
    cut.outcome[at] = columns.outcome[k]!;
    cut.request[at] = columns.request[k]!;
    at++;
  }
  return {
    stream: header.name,
    model: header.model,
    ...(header.ratePerSecond === undefined ? {} : { plannedRatePerSecond: header.ratePerSecond }),
    requests: header.requests,
    deadlinesS: header.deadlinesUs.map((us) => us / 1e6),
    ...cut,
  };
}

function unhealthy(message: string, hint: string): PlimsollError {
  return new PlimsollError({ code: 'baseline_unhealthy', message: `the baseline is unhealthy: ${message}`, hint });
}
