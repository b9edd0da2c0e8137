import { Counter, Gauge, Registry } from 'prom-client';
import { PHASES, type EventOf, type RunEvent } from '../record/events.js';
import { OUTCOMES } from '../record/outcomes.js';
import type { RunResult } from '../result/schema.js';
import { observeSecond, responseHistogram } from './response-times.js';
import { serveMetrics, type Served } from './serve.js';
import type { CheckSlos } from './slo-check.js';

export interface RunMetrics {
  onEvent(event: RunEvent): void;
  onResult(result: RunResult): void;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  /** Serves `/metrics`; port 0 takes a free one. Throws `port_in_use` or `metrics_not_served`. */
  serve(port: number, host?: string, check?: CheckSlos): Promise<Served>;
}

/**
 * The metrics of one run, fed by its events: a registry of its own, so that several runs of one process don't mix.
 * Times in seconds, ratios as numbers, as Prometheus wants them; names begin with `plimsoll_`.
 */
export function createRunMetrics(): RunMetrics {
  const registry = new Registry();
  const metrics = defineMetrics(registry);
  const seconds = new Map<string, EventOf<'second'>>();
  const active = new Map<string, string>();

  return {
    onEvent(event) {
      switch (event.type) {
        case 'run.started':
          metrics.info.set({ run: event.runId, scenario: event.scenario.name, seed: String(event.seed) }, 1);
          return;
        case 'phase.started':
          for (const phase of PHASES) metrics.phase.set({ phase }, phase === event.phase ? 1 : 0);
          return;
        case 'second':
          countSecond(metrics, event, seconds.get(`${event.stream}/${event.second}`));
          seconds.set(`${event.stream}/${event.second}`, event);
          forget(seconds, event);
          return;
        case 'fault.requested':
          active.set(event.fault, event.faultType);
          metrics.active.set({ fault: event.fault, type: event.faultType }, 1);
          return;
        case 'undo.proven':
          // Not proven to be gone counts as there.
          if (event.proof.status !== 'mismatch') active.delete(event.fault);
          metrics.active.set({ fault: event.fault, type: event.faultType }, active.has(event.fault) ? 1 : 0);
          return;
        case 'driver.health':
          metrics.lag.set({ driver: event.driver }, event.schedulingLagP99Ms / 1000);
          metrics.loopDelay.set({ driver: event.driver }, event.eventLoopDelayP99Ms / 1000);
          metrics.cpu.set({ driver: event.driver }, event.cpuShare);
          if (event.rssBytes !== undefined) metrics.rss.set({ driver: event.driver }, event.rssBytes);
          metrics.invalid.inc({ driver: event.driver }, event.invalid === undefined ? 0 : 1);
          return;
        case 'slo.breached':
        case 'slo.recovered':
          metrics.breached.set({ slo: event.slo }, event.type === 'slo.breached' ? 1 : 0);
          return;
        case 'error':
        case 'warning':
          metrics.problems.inc({ kind: event.type });
          return;
        default:
      }
    },
    onResult(result) {
      for (const slo of result.slos) {
        const drift = slo.parts.find(({ part }) => part === 'tolerance');
        if (drift?.estimate.value != null) {
          metrics.drift.set({ slo: slo.name, unit: drift.unit }, drift.estimate.value);
          metrics.tolerance.set({ slo: slo.name, unit: drift.unit }, drift.limit);
        }
        for (const verdict of ['passed', 'failed', 'inconclusive']) {
          metrics.sloVerdict.set({ slo: slo.name, severity: slo.severity, verdict }, slo.verdict === verdict ? 1 : 0);
        }
      }
      for (const verdict of ['passed', 'failed', 'inconclusive', 'errored', 'aborted']) {
        metrics.verdict.set({ verdict }, result.verdict === verdict ? 1 : 0);
      }
    },
    text: async () => registry.metrics(),
    serve: async (port, host = '127.0.0.1', check) => serveMetrics(registry, port, host, check),
  };
}

type Metrics = ReturnType<typeof defineMetrics>;

function defineMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Gauge({ name: `plimsoll_${name}`, help, labelNames, registers });
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `plimsoll_${name}`, help, labelNames, registers });
  return {
    info: gauge('run_info', 'The run, as labels; always 1.', ['run', 'scenario', 'seed']),
    phase: gauge('phase', '1 for the phase that the run is in.', ['phase']),
    scheduled: counter('arrivals_scheduled_total', 'Arrivals that were due.', ['stream']),
    arrivals: counter('arrivals_total', 'Arrivals by outcome; each has exactly one.', ['stream', 'outcome']),
    inFlight: gauge('requests_in_flight', 'Requests in flight.', ['stream']),
    responses: responseHistogram(registers),
    active: gauge('fault_active', '1 from the order of a fault until it is proven gone.', ['fault', 'type']),
    lag: gauge('driver_scheduling_lag_p99_seconds', 'How late the load driver issued requests, last second.', [
      'driver',
    ]),
    loopDelay: gauge('driver_event_loop_delay_p99_seconds', 'Event-loop delay of the load driver.', ['driver']),
    cpu: gauge('driver_cpu_share', 'CPU time by wall time of the load driver.', ['driver']),
    rss: gauge('driver_resident_memory_bytes', 'Resident memory of the load driver.', ['driver']),
    invalid: counter('driver_invalid_seconds_total', 'Seconds in which the load driver was not well.', ['driver']),
    breached: gauge('slo_breached', '1 while a live limit is passed: an indication, not the verdict.', ['slo']),
    problems: counter('problems_total', 'Errors and warnings of the run.', ['kind']),
    drift: gauge('slo_drift', 'Drift from the baseline in the bad direction, at the end.', ['slo', 'unit']),
    tolerance: gauge('slo_tolerance', 'How far the SLO may drift.', ['slo', 'unit']),
    sloVerdict: gauge('slo_verdict', '1 for the verdict of the SLO, at the end.', ['slo', 'severity', 'verdict']),
    verdict: gauge('run_verdict', '1 for the verdict of the run, at the end.', ['verdict']),
  };
}

/** A `second` is told twice, the later time whole: what has been counted of it already is not counted again. */
function countSecond(metrics: Metrics, event: EventOf<'second'>, before: EventOf<'second'> | undefined): void {
  const { stream } = event;
  metrics.scheduled.inc({ stream }, Math.max(0, event.scheduled - (before?.scheduled ?? 0)));
  for (const outcome of OUTCOMES) {
    const more = (event.outcomes[outcome] ?? 0) - (before?.outcomes[outcome] ?? 0);
    if (more > 0) metrics.arrivals.inc({ stream, outcome }, more);
  }
  if (event.final && before?.final !== true) observeSecond(metrics.responses, event);
  metrics.inFlight.set({ stream }, event.inFlight);
}

/** The second telling comes within a deadline, which is an hour at most. */
function forget(seconds: Map<string, EventOf<'second'>>, { stream, second }: EventOf<'second'>): void {
  seconds.delete(`${stream}/${second - 3700}`);
}
