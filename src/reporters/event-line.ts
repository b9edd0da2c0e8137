import type { RunEvent } from '../record/events.js';
import { clean, type Colour } from './text.js';

export interface EventLine {
  text: string;
  colour?: Colour;
}

/**
 * The line that an event deserves in a log for people; undefined where it deserves none. Phase changes, faults and
 * whatever went wrong always do; the rest with `verbose`; the seconds never.
 */
export function eventLine(event: RunEvent, verbose: boolean): EventLine | undefined {
  switch (event.type) {
    case 'run.started':
      return { text: clean(`${event.scenario.name} (run ${event.runId}, seed ${event.seed})`), colour: 'bold' };
    case 'phase.started':
      return event.phase === 'done' ? undefined : phaseLine(event.phase, event.plannedS, event.trial);
    case 'look.taken':
      return { text: clean(event.message), colour: 'bold' };
    case 'fault.requested':
      return verbose ? { text: clean(`${event.fault} ${event.faultType}: requested`) } : undefined;
    case 'fault.proven':
      return {
        text: clean(`${event.fault} ${event.summary} (${event.proof.status}: ${event.proof.finding})`),
        colour: colourOf(event.proof.status, 'yellow'),
      };
    case 'fault.failed':
      return {
        text: clean(`${event.fault} ${event.faultType} failed: [${event.code}] ${event.message}`),
        colour: 'red',
      };
    case 'undo.proven':
      return {
        text: clean(`${event.fault} ${event.faultType} undone (${event.proof.status}: ${event.proof.finding})`),
        colour: colourOf(event.proof.status, 'green'),
      };
    case 'undo.failed':
      return {
        text: clean(`${event.fault} UNDO FAILED: ${event.words}: ${event.message}; by hand: ${event.byHand}`),
        colour: 'red',
      };
    case 'stop.tripped':
      return { text: clean(`stop guard ${event.guard}: ${event.message}`), colour: 'red' };
    case 'signal':
      return { text: clean(`${event.signal} received: undoing everything`), colour: 'yellow' };
    case 'error':
      return { text: clean(`error[${event.code}] ${event.message}`), colour: 'red' };
    case 'gate.acting':
      return { text: clean(`gate, ${event.severity}: running ${event.command}`), colour: 'bold' };
    case 'gate.acted':
      return {
        text: clean(`gate, ${event.severity}: ${event.done ? '' : 'NOT DONE: '}${event.message}`),
        colour: event.done ? 'green' : 'red',
      };
    case 'warning':
      return { text: clean(`warning[${event.code}] ${event.message}`), colour: 'yellow' };
    case 'note':
      return { text: clean(`note by ${event.who}: ${event.text}`), colour: 'blue' };
    case 'steer':
      return { text: clean(`${event.who}: ${event.action} ${event.subject ?? ''}`), colour: 'blue' };
    case 'slo.breached':
      return { text: clean(`over the line for now: ${event.message}`), colour: 'yellow' };
    case 'slo.recovered':
      return { text: clean(`below the line again: ${event.message}`) };
    case 'system.exited':
      if (event.expected && !verbose) return undefined;
      return {
        text: clean(`${event.service} (pid ${event.pid}) ended ${event.signal ?? `with exit code ${event.exitCode}`}`),
        ...(event.expected ? {} : { colour: 'yellow' as const }),
      };
    case 'invariant.checked':
      if (event.held && !verbose) return undefined;
      return {
        text: clean(`invariant ${event.name}: ${event.message}`),
        ...(event.held ? {} : { colour: 'red' as const }),
      };
    case 'capacity.step':
      return {
        text: `capacity, round ${event.round}: ${Math.round(event.perSecond)}/s with ${event.connections} connections`,
      };
    case 'capacity.measured':
      return { text: `capacity: ${event.driverBound ? 'at least ' : ''}${Math.round(event.perSecond)}/s` };
    case 'driver.health':
      if (event.invalid === undefined) return undefined;
      return {
        text: clean(
          `load driver (${event.driver}) is not well: ${event.invalid}; if it stays so, nothing can be concluded`,
        ),
        colour: 'yellow',
      };
    case 'second':
    case 'source.sample':
    case 'run.ended':
      return undefined;
    case 'plan.resolved':
      return verbose ? { text: `${event.faults.length} faults, ${event.slos.length} SLOs planned` } : undefined;
    case 'system.started':
      return verbose ? { text: clean(`${event.service} started (pid ${event.pid}): ${event.command}`) } : undefined;
    case 'system.ready':
      return verbose ? { text: clean(`${event.service} ready after ${event.afterS.toFixed(1)} s`) } : undefined;
    case 'window.opened':
    case 'window.closed':
      return verbose
        ? { text: `${event.type === 'window.opened' ? 'open' : 'close'} window ${event.window}` }
        : undefined;
    case 'fault.injected':
      return verbose ? { text: clean(`${event.fault} ${event.faultType}: injected`) } : undefined;
    case 'undo.requested':
      return verbose ? { text: clean(`${event.fault} ${event.faultType}: undo requested`) } : undefined;
    case 'undo.done':
      return verbose
        ? { text: clean(`${event.fault} ${event.words}${event.alreadyDone ? ' (already done)' : ''}`) }
        : undefined;
  }
}

function phaseLine(phase: string, plannedS: number | undefined, trial: number): EventLine {
  const length = plannedS === undefined ? '' : `, ${Number(plannedS.toFixed(1))} s`;
  return { text: `${phase}${length}${trial > 1 ? ` (trial ${trial})` : ''}`, colour: 'bold' };
}

function colourOf(status: 'confirmed' | 'mismatch' | 'unknown', good: Colour): Colour {
  return status === 'confirmed' ? good : status === 'mismatch' ? 'red' : 'magenta';
}
