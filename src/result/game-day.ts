import type { EventOf, RunEvent } from '../record/events.js';
import type { GameDay, RunResult } from './schema.js';
import { find } from './run-story.js';

type Response = GameDay['responses'][number];

/** Who acts when nobody does: a fault that is lifted by these was not mitigated by the team. */
export const CLOCK = 'the time limit';
export const SCRIPT = 'the script';
const AUTOMATIC = new Set<string>([CLOCK, SCRIPT]);

/** What the people of a game day did, and how long they took; nothing for other runs. */
export function gameDayOf(events: readonly RunEvent[]): Pick<RunResult, 'gameDay'> {
  const setup = find(events, 'run.started')?.gameDay;
  if (!setup) return {};
  const revealed = events.find((event) => event.type === 'steer' && event.action === 'reveal');
  return {
    gameDay: {
      blind: setup.blind,
      revealedS: setup.blind ? (revealed?.t ?? null) : null,
      responses: responsesOf(events),
      notes: events.flatMap((event) =>
        event.type === 'note'
          ? [{ atS: event.t, who: event.who, text: event.text, kind: event.kind ?? ('note' as const) }]
          : [],
      ),
      steps: events.flatMap((event) =>
        event.type === 'steer'
          ? [
              {
                atS: event.t,
                who: event.who,
                action: event.action,
                ...(event.subject === undefined ? {} : { subject: event.subject }),
              },
            ]
          : [],
      ),
    },
  };
}

/**
 * The clocks of each injection. It is detected by the first note or alert after its order, and mitigated when a person
 * lifts it or calls it mitigated, or when every service level that was over its line is back. Both end with the next order
 * of the same fault: each injection has clocks of its own.
 */
export function responsesOf(events: readonly RunEvent[]): Response[] {
  const orders = events.filter((event): event is EventOf<'fault.requested'> => event.type === 'fault.requested');
  return orders.map((order): Response => {
    const again = orders.find(({ fault, seq }) => fault === order.fault && seq > order.seq)?.seq ?? Infinity;
    const response: Response = {
      fault: order.fault,
      injectedS: order.t,
      detectedS: null,
      detectedBy: '',
      mitigatedS: null,
      mitigatedBy: '',
    };
    const over = new Set<string>();
    for (const event of events) {
      if (event.seq <= order.seq || event.seq >= again) continue;
      const detectedBy = response.detectedS === null ? detectionBy(event) : undefined;
      if (detectedBy !== undefined) Object.assign(response, { detectedS: event.t, detectedBy });
      const mitigatedBy = response.mitigatedS === null ? mitigationBy(event, order.fault, over) : undefined;
      if (mitigatedBy !== undefined) Object.assign(response, { mitigatedS: event.t, mitigatedBy });
    }
    return response;
  });
}

function detectionBy(event: RunEvent): string | undefined {
  if (event.type === 'note') return event.who;
  if (event.type === 'slo.breached') return `alert: ${event.slo}`;
  return event.type === 'stop.tripped' ? `stop guard ${event.guard}` : undefined;
}

function mitigationBy(event: RunEvent, fault: string, over: Set<string>): string | undefined {
  switch (event.type) {
    case 'note':
      return event.kind === 'mitigated' ? event.who : undefined;
    case 'steer': {
      const ends = event.action === 'abort' || (event.action === 'lift' && event.subject === fault);
      return ends && !AUTOMATIC.has(event.who) ? event.who : undefined;
    }
    case 'slo.breached':
      over.add(event.slo);
      return undefined;
    case 'slo.recovered':
      return over.delete(event.slo) && over.size === 0 ? 'back within its limits' : undefined;
    default:
      return undefined;
  }
}
