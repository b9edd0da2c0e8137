import { clockTime } from '../html/format.js';
import type { EventOf, RunEvent } from '../record/events.js';
import { formatMs } from '../support/units.js';
import { clean } from './text.js';

/** What a run looks like at this moment: a fold over its events, for the live display and the heartbeat. */
export interface Progress {
  scenario: string;
  phase: string;
  phaseStartS: number;
  phasePlannedS: number | undefined;
  /** Time of the last event, seconds from t0. */
  atS: number;
  /** The newest second of each stream, in the order of the scenario. */
  streams: Map<string, EventOf<'second'> | undefined>;
  faults: Map<string, ActiveFault>;
  /** For how long each lasting fault was planned, by id; undefined: until the end of the fault phase. */
  lengths: Map<string, number | undefined>;
  phases: { warmupS: number; baselineS: number; faultS: number; recoveryS: number } | undefined;
  /** How often the phases are repeated, and in which repetition it is. */
  trials: number;
  trial: number;
}

interface ActiveFault {
  type: string;
  summary: string;
  state: 'injecting' | 'active' | 'undoing';
  sinceS: number;
}

export function newProgress(): Progress {
  return {
    scenario: '',
    phase: 'preparing',
    phaseStartS: 0,
    phasePlannedS: undefined,
    atS: 0,
    streams: new Map(),
    faults: new Map(),
    lengths: new Map(),
    phases: undefined,
    trials: 1,
    trial: 1,
  };
}

/** Folds one event in. */
export function advance(progress: Progress, event: RunEvent): void {
  progress.atS = Math.max(progress.atS, event.t);
  switch (event.type) {
    case 'run.started': {
      progress.scenario = clean(event.scenario.name);
      progress.phases = event.phases;
      progress.trials = event.trials ?? 1;
      progress.atS = event.t;
      for (const stream of event.streams) progress.streams.set(stream.name, undefined);
      break;
    }
    case 'plan.resolved':
      for (const fault of event.faults) {
        if (fault.duration === 'lasting') progress.lengths.set(fault.id, fault.forS);
      }
      break;
    case 'phase.started':
      progress.phase = event.phase;
      progress.trial = event.trial;
      progress.phaseStartS = event.t;
      progress.phasePlannedS = event.plannedS;
      break;
    case 'second': {
      const known = progress.streams.get(event.stream);
      if (known === undefined || event.second >= known.second) progress.streams.set(event.stream, event);
      break;
    }
    case 'fault.requested':
      setFault(progress, event, 'injecting');
      break;
    case 'fault.injected':
    case 'fault.proven':
      setFault(progress, event, 'active');
      break;
    case 'undo.requested': {
      const fault = progress.faults.get(event.fault);
      if (fault !== undefined) fault.state = 'undoing';
      break;
    }
    case 'undo.proven':
    case 'fault.failed':
      progress.faults.delete(event.fault);
      break;
    default:
      break;
  }
}

/** `250/s, errors 0.4 %, p95 41 ms`: the newest second of a stream. */
export function streamText(second: EventOf<'second'> | undefined): string {
  if (second === undefined) return 'no arrival yet';
  const ended = second.scheduled - second.open;
  const bad = ended - (second.outcomes.ok ?? 0);
  const share = ended > 0 ? `${Number(((100 * bad) / ended).toFixed(1))} %` : '–';
  const p95 = second.responseAll.p95;
  return `${second.scheduled}/s, errors ${share}, p95 ${p95 === null ? '–' : formatMs(p95 * 1000)}`;
}

/**
 * Seconds until the last planned phase ends: what is left of this phase and all of the later ones, since starting, checking
 * and undoing take time that no plan knows. Undefined before the plan is known and after the last phase.
 */
export function timeLeftS(progress: Progress, nowS: number): number | undefined {
  const { phases, trials, trial } = progress;
  if (phases === undefined) return undefined;
  const own = timeLeftOfTrial(progress, nowS);
  // The order of the windows changes from trial to trial: what is left of this one is then about right, no more.
  const later = (trials - trial) * (phases.warmupS + phases.baselineS + phases.faultS + phases.recoveryS);
  return own === undefined && later === 0 ? undefined : (own ?? 0) + later;
}

function timeLeftOfTrial({ phases, phase, phaseStartS }: Progress, nowS: number): number | undefined {
  if (phases === undefined) return undefined;
  const lengths = [phases.warmupS, phases.baselineS, phases.faultS, phases.recoveryS];
  const sumFrom = (position: number): number => lengths.slice(position).reduce((sum, length) => sum + length, 0);
  switch (phase) {
    case 'warmup':
    case 'baseline':
    case 'fault':
    case 'recovery': {
      const position = ['warmup', 'baseline', 'fault', 'recovery'].indexOf(phase);
      const left = Math.max(0, phaseStartS + (lengths[position] ?? 0) - nowS) + sumFrom(position + 1);
      return left > 0 ? left : undefined;
    }
    case 'preparing':
      return sumFrom(0);
    case 'checking':
    case 'injecting':
      return sumFrom(2);
    case 'undoing':
      return sumFrom(3);
    default:
      return undefined;
  }
}

/** How much of the planned phases has passed, 0 to 1. */
export function doneShare(progress: Progress, nowS: number): number {
  if (progress.phases === undefined) return 0;
  const { warmupS, baselineS, faultS, recoveryS } = progress.phases;
  return 1 - (timeLeftS(progress, nowS) ?? 0) / ((warmupS + baselineS + faultS + recoveryS) * progress.trials);
}

/** The time that an active fault has left, for people; empty where the plan doesn't say. */
export function faultTimeText(progress: Progress, id: string, fault: ActiveFault, nowS: number): string {
  if (fault.state !== 'active') return fault.state;
  const elapsed = nowS - fault.sinceS;
  if (!progress.lengths.has(id)) return `for ${clockTime(elapsed)}`;
  const window = progress.phases?.faultS;
  const phaseLeft =
    window === undefined || progress.phase !== 'fault' ? undefined : progress.phaseStartS + window - nowS;
  const length = progress.lengths.get(id);
  const left = length === undefined ? phaseLeft : Math.min(length - elapsed, phaseLeft ?? Infinity);
  return left === undefined || left < 0 ? `for ${clockTime(elapsed)}` : `${clockTime(left)} left`;
}

function setFault(
  progress: Progress,
  event: { fault: string; faultType: string; summary: string; t: number },
  state: ActiveFault['state'],
): void {
  const known = progress.faults.get(event.fault);
  const sinceS = known?.state === state ? known.sinceS : event.t;
  progress.faults.set(event.fault, { type: event.faultType, summary: clean(event.summary), state, sinceS });
}
