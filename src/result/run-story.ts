import type { ArrivalsRead } from '../record/arrivals-file.js';
import type { EventOf, RunEvent } from '../record/events.js';
import { formatMs } from '../support/units.js';
import type { RunResult } from './schema.js';

/** Which run it was; placeholders where the log has lost its first line. */
export function aboutRun(
  events: readonly RunEvent[],
  started: EventOf<'run.started'> | undefined,
  arrivals: ArrivalsRead | undefined,
  complete: boolean,
): RunResult['run'] {
  const durationS = Math.max(0, (events.at(-1)?.t ?? 0) - Math.min(0, events[0]?.t ?? 0));
  if (!started) {
    return {
      id: arrivals?.header.runId ?? 'unknown',
      scenario: { name: 'unknown', description: '', file: '', text: '', sha256: '' },
      seed: arrivals?.header.seed ?? 0,
      startedAt: new Date(0).toISOString(),
      durationS,
      complete,
      environment: {
        versions: {},
        host: { platform: '', release: '', arch: '', cpus: 0, cpuModel: '', memoryBytes: 0 },
        commandLine: '',
      },
    };
  }
  const { runId, scenario, seed, wallTime, versions, host, gitCommit, gitBranch, commandLine } = started;
  return {
    id: runId,
    scenario,
    seed,
    startedAt: wallTime,
    durationS,
    complete,
    environment: {
      versions,
      host,
      ...(gitCommit === undefined ? {} : { gitCommit }),
      ...(gitBranch === undefined ? {} : { gitBranch }),
      commandLine,
    },
  };
}

/** The phases with their ends; the last one ends with the log. */
export function phasesOf(events: readonly RunEvent[]): RunResult['phases'] {
  const starts = events.filter((event) => event.type === 'phase.started');
  const end = events.at(-1)?.t ?? 0;
  return starts
    .map(({ phase, trial, t }, k) => ({ phase, trial, startS: t, endS: Math.max(t, starts[k + 1]?.t ?? end) }))
    .filter(({ phase }) => phase !== 'done');
}

/** When live limits were passed and kept again. */
export function marksOf(events: readonly RunEvent[]): RunResult['marks'] {
  return events.flatMap((event): RunResult['marks'] => {
    switch (event.type) {
      case 'slo.breached':
        return [{ kind: 'breached', atS: event.t, subject: event.slo, message: event.message }];
      case 'slo.recovered':
        return [{ kind: 'recovered', atS: event.t, subject: event.slo, message: event.message }];
      case 'stop.tripped':
        return [{ kind: 'stop', atS: event.t, subject: event.guard, message: event.message }];
      default:
        return [];
    }
  });
}

/** Looks at the verdict on the way, in order. */
export function looksOf(events: readonly RunEvent[]): Pick<RunResult, 'looks'> {
  const plannedTrials = find(events, 'run.started')?.trials ?? 1;
  const looks = events.flatMap((event) => {
    if (event.type !== 'look.taken') return [];
    const { look, of, trials, decided, savedS } = event;
    return [{ look, of, trials, plannedTrials, decided, savedS }];
  });
  return looks.length > 0 ? { looks } : {};
}

/** "decided early, after 2 of 4 trials: about 1m 40s saved"; undefined where the run went to its planned end. */
export function decidedEarly({ looks }: Pick<RunResult, 'looks'>): string | undefined {
  const look = looks?.find(({ decided }) => decided);
  if (!look) return undefined;
  return `decided early, after ${look.trials} of ${look.plannedTrials} trials: about ${formatMs(look.savedS * 1000)} saved`;
}

/** What the system can take, where that was measured. */
export function capacityOf(events: readonly RunEvent[]): RunResult['capacity'] {
  const measured = find(events, 'capacity.measured');
  if (!measured) return null;
  const { perSecond, spread, driverBound, connections, rounds } = measured;
  return { perSecond, spread, driverBound, connections, rounds };
}

/** The first event of a type. */
export function find<T extends RunEvent['type']>(events: readonly RunEvent[], type: T): EventOf<T> | undefined {
  return events.find((event) => event.type === type) as EventOf<T> | undefined;
}

/** The last moment that the records know of: microseconds from t0. */
export function lastMoment(events: readonly RunEvent[], arrivals: ArrivalsRead | undefined): number {
  let lastUs = (events.at(-1)?.t ?? 0) * 1e6;
  for (const { dueUs } of arrivals?.streams ?? []) {
    for (let k = 0; k < dueUs.length; k++) if ((dueUs[k] ?? 0) >= lastUs) lastUs = (dueUs[k] ?? 0) + 1;
  }
  return lastUs;
}
