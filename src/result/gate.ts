import type { RunEvent } from '../record/events.js';
import type { RunResult } from './schema.js';

/** What a gate did, from the events; a command that was begun and has no end was cut short. */
export function gateOf(events: readonly RunEvent[]): Pick<RunResult, 'gate'> {
  const gate = events.flatMap((event, at): NonNullable<RunResult['gate']> => {
    if (event.type !== 'gate.acting') return [];
    const { severity, because, command } = event;
    const ended = events.slice(at).find((later) => later.type === 'gate.acted' && later.severity === severity);
    if (ended?.type === 'gate.acted') return [{ severity, because, command, done: ended.done, message: ended.message }];
    return [{ severity, because, command, done: null, message: 'it was begun, and nothing tells how it ended' }];
  });
  return gate.length > 0 ? { gate } : {};
}
