import type { EventOf, RunEvent } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import { liveLimitsOf, type LiveLimit } from '../result/live-limits.js';
import type { Series } from '../result/schema.js';
import { Slo } from '../verdict/slo.js';

type Planned = EventOf<'plan.resolved'>;
type Second = EventOf<'second'>;

/** A stream's newest record of each second, by position from its first. */
export interface LiveStream {
  name: string;
  model: 'open' | 'closed';
  fromS: number;
  seconds: (Second | undefined)[];
}

/** A fault as its card shows it. */
export interface LiveFault {
  id: string;
  state: 'waiting' | 'injecting' | 'active' | 'lifting';
  /** Seconds from t0 of the change into this state. */
  sinceS: number;
  times: number;
  proof: string;
}

/** What the page shows, as a fold of the events that its viewer may see. */
export interface GameState {
  started: EventOf<'run.started'> | undefined;
  plan: Planned | undefined;
  ended: EventOf<'run.ended'> | undefined;
  phase: string;
  phaseSinceS: number;
  phasePlannedS: number | undefined;
  held: boolean;
  aborting: boolean;
  streams: Map<string, LiveStream>;
  faults: Map<string, LiveFault>;
  limits: LiveLimit[];
  /** Service levels that are over their line now, since when. */
  over: Map<string, number>;
  driverTrouble: string | undefined;
  /** All but the seconds, in order. */
  events: RunEvent[];
  atS: number;
}

export function newState(): GameState {
  return {
    started: undefined,
    plan: undefined,
    ended: undefined,
    phase: 'preparing',
    phaseSinceS: 0,
    phasePlannedS: undefined,
    held: false,
    aborting: false,
    streams: new Map(),
    faults: new Map(),
    limits: [],
    over: new Map(),
    driverTrouble: undefined,
    events: [],
    atS: 0,
  };
}

/** Folds one event in. */
export function advance(state: GameState, event: RunEvent): void {
  state.atS = Math.max(state.atS, event.t);
  if (event.type !== 'second' && event.type !== 'driver.health') state.events.push(event);
  switch (event.type) {
    case 'run.started':
      state.started = event;
      state.held = event.gameDay?.script === true;
      break;
    case 'plan.resolved': {
      state.plan = event;
      const slos = event.slos.flatMap((slo) => Slo.safeParse(slo).data ?? []);
      state.limits = liveLimitsOf(slos, state.started?.streams ?? []);
      for (const { id } of event.faults)
        state.faults.set(id, { id, state: 'waiting', sinceS: event.t, times: 0, proof: '' });
      break;
    }
    case 'phase.started':
      Object.assign(state, { phase: event.phase, phaseSinceS: event.t, phasePlannedS: event.plannedS });
      break;
    case 'second':
      noteSecond(state, event);
      break;
    case 'driver.health':
      state.driverTrouble = event.invalid;
      break;
    case 'slo.breached':
      state.over.set(event.slo, event.t);
      break;
    case 'slo.recovered':
      state.over.delete(event.slo);
      break;
    case 'steer':
      if (event.action === 'hold') state.held = true;
      if (event.action === 'go') state.held = false;
      if (event.action === 'abort') state.aborting = true;
      break;
    case 'signal':
    case 'stop.tripped':
      state.aborting = true;
      break;
    case 'run.ended':
      state.ended = event;
      break;
    default:
      noteFault(state, event);
  }
}

/** Seconds as the columns that charts draw. Undefined while nothing was due. */
export function seriesOf(stream: LiveStream): Series | undefined {
  const { seconds } = stream;
  if (seconds.length === 0) return undefined;
  const column = (value: (second: Second) => number | null | undefined): (number | null)[] =>
    seconds.map((second) => (second === undefined ? null : (value(second) ?? null)));
  const counts = (value: (second: Second) => number | undefined): number[] => column(value).map((count) => count ?? 0);
  // What is still open is neither well nor bad yet: drawn as not due, or each newest second would look like an outage.
  const ended = (second: Second): number => second.scheduled - second.open;
  return {
    stream: stream.name,
    model: stream.model,
    fromS: stream.fromS,
    scheduled: counts(ended),
    ok: counts(({ outcomes }) => outcomes.ok),
    outcomes: Object.fromEntries(
      OUTCOMES.map((name) => [name, counts(({ outcomes }) => outcomes[name])] as const).filter(
        ([name, values]) => name === 'ok' || values.some((value) => value > 0),
      ),
    ),
    p50S: column(({ responseAll }) => responseAll.p50),
    p95S: column(({ responseAll }) => responseAll.p95),
    p99S: column(({ responseAll }) => responseAll.p99),
    maxS: column(({ responseAll }) => responseAll.max),
  };
}

function noteSecond(state: GameState, event: Second): void {
  let stream = state.streams.get(event.stream);
  if (!stream) {
    const model = state.started?.streams.find(({ name }) => name === event.stream)?.model ?? 'open';
    stream = { name: event.stream, model, fromS: event.second, seconds: [] };
    state.streams.set(event.stream, stream);
  }
  const at = event.second - stream.fromS;
  if (at < 0) return;
  while (stream.seconds.length < at) stream.seconds.push(undefined);
  stream.seconds[at] = event;
}

function noteFault(state: GameState, event: RunEvent): void {
  if (!('fault' in event)) return;
  const known = state.faults.get(event.fault);
  if (!known) return;
  const turn = (to: LiveFault['state']) => {
    if (known.state !== to) Object.assign(known, { state: to, sinceS: event.t });
  };
  switch (event.type) {
    case 'fault.requested':
      turn('injecting');
      known.times++;
      known.proof = '';
      break;
    case 'fault.proven':
      turn('active');
      known.proof = `${event.proof.status}: ${event.proof.finding}`;
      break;
    case 'fault.failed':
      known.proof = `failed: ${event.message}`;
      break;
    case 'undo.requested':
      turn('lifting');
      break;
    case 'undo.failed':
      known.proof = `UNDO FAILED: ${event.message}; by hand: ${event.byHand}`;
      break;
    case 'undo.proven':
      turn('waiting');
      known.proof = `gone, ${event.proof.status}: ${event.proof.finding}`;
      break;
    default:
  }
}
