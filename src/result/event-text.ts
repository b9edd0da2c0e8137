import type { RunEvent } from '../record/events.js';

/** An event as one line for people. The per-second events are left out of the result's event log. */
export function eventText(event: RunEvent): string {
  switch (event.type) {
    case 'run.started':
      return `run ${event.runId} of ${event.scenario.name} started, seed ${event.seed}`;
    case 'plan.resolved':
      return `planned: ${event.faults.length} faults, ${event.slos.length} SLOs, ${event.invariants.length} invariants`;
    case 'capacity.step':
      return `capacity, round ${event.round}: ${Math.round(event.perSecond)}/s with ${event.connections} connections`;
    case 'capacity.measured':
      return `capacity ${event.driverBound ? '≥ ' : ''}${Math.round(event.perSecond)}/s with ${event.connections} connections`;
    case 'system.started':
      return `${replica(event)} started, pid ${event.pid}`;
    case 'system.ready':
      return `${event.service} ready after ${event.afterS.toFixed(1)} s`;
    case 'system.exited': {
      const how = event.signal === null ? `with exit code ${event.exitCode ?? 'unknown'}` : `by ${event.signal}`;
      return `${replica(event)} (pid ${event.pid}) ended ${how}${event.expected ? '' : ', unexpectedly'}`;
    }
    case 'phase.started':
      return `phase ${event.phase}${event.trial > 1 ? ` of trial ${event.trial}` : ''}`;
    case 'window.opened':
    case 'window.closed':
      return `window ${event.window} ${event.type === 'window.opened' ? 'opened' : 'closed'}`;
    case 'second':
      return `${event.stream}, second ${event.second}: ${event.scheduled} scheduled`;
    case 'driver.health':
      return `${event.driver}-model driver, second ${event.second}: ${event.invalid ?? 'well'}`;
    case 'source.sample':
      return `${event.source}: ${event.sample.kind === 'trouble' ? event.sample.message : `${event.sample.kind} read`}`;
    case 'fault.requested':
      return `${about(event)} ordered: ${event.summary}`;
    case 'fault.injected':
      return `${about(event)} injected`;
    case 'fault.proven':
      return `${about(event)} proof ${event.proof.status}: ${event.proof.finding}`;
    case 'fault.failed':
      return `${about(event)} failed: ${event.message}`;
    case 'undo.requested':
      return `${about(event)} undo ordered`;
    case 'undo.done':
      return `${about(event)} undo ${event.alreadyDone ? 'was done already' : 'done'}: ${event.words}`;
    case 'undo.proven':
      return `${about(event)} undo proof ${event.proof.status}: ${event.proof.finding}`;
    case 'undo.failed':
      return `${about(event)} undo failed: ${event.words}: ${event.message}`;
    case 'slo.breached':
    case 'slo.recovered':
    case 'stop.tripped':
    case 'invariant.checked':
    case 'look.taken':
      return event.message;
    case 'gate.acting':
      return `gate, ${event.severity}: ${event.command}`;
    case 'gate.acted':
      return `gate, ${event.severity}: ${event.message}`;
    case 'warning':
      return `warning: ${event.message}`;
    case 'note':
      return `${event.who} noted: ${event.text}`;
    case 'steer':
      return `${event.who}: ${event.action}${event.subject === undefined ? '' : ` ${event.subject}`}`;
    case 'signal':
      return `received ${event.signal}`;
    case 'error':
      return `error [${event.code}]: ${event.message}`;
    case 'run.ended':
      return `run ended: ${event.verdict}, exit code ${event.exitCode}`;
  }
}

function about(event: { fault: string; faultType: string }): string {
  return `${event.faultType} (${event.fault})`;
}

function replica(event: { service: string; replica?: number | undefined }): string {
  return event.replica === undefined ? event.service : `${event.service}/${event.replica}`;
}
