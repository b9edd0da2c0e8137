import type { RunEvent } from '../record/events.js';

/**
 * An event as the team of a blind game day sees it; undefined: not at all. A list of what may be seen, so that an event
 * type that comes later hides by default.
 */
export function masked(event: RunEvent): RunEvent | undefined {
  switch (event.type) {
    case 'run.started':
      // Names and descriptions of scenarios tell what they break.
      return {
        ...event,
        scenario: { ...event.scenario, name: 'Blind game day', description: '', file: '', text: '', sha256: '' },
        commandLine: '',
      };
    case 'plan.resolved':
      return { ...event, faults: [], power: [], warnings: [] };
    case 'phase.started':
      return event.phase === 'injecting' ? undefined : event;
    case 'steer':
      return event.action === 'inject' || event.action === 'lift' ? undefined : event;
    case 'error':
      return { ...event, message: 'hidden until the faults are revealed' };
    case 'second':
    case 'driver.health':
    case 'slo.breached':
    case 'slo.recovered':
    case 'stop.tripped':
    case 'note':
    case 'signal':
    case 'run.ended':
      return event;
    default:
      return undefined;
  }
}

/** Does this event show the team everything? The end of the run does too. */
export function reveals(event: RunEvent): boolean {
  return event.type === 'run.ended' || (event.type === 'steer' && event.action === 'reveal');
}
