import type { RunEvent } from '../record/events.js';
import type { ProcessEnd, SourceReading, SourceRecord } from '../verdict/sources/source.js';

/** What the run recorded of indicators that do not come from its arrivals, by source; a service's ends by its name. */
export function sourcesOf(events: readonly RunEvent[]): Record<string, SourceRecord> {
  const found = new Map<string, { readings: SourceReading[]; exits: ProcessEnd[] }>();
  const at = (source: string) => {
    const known = found.get(source) ?? { readings: [], exits: [] };
    found.set(source, known);
    return known;
  };
  for (const event of events) {
    if (event.type === 'source.sample') at(event.source).readings.push({ atUs: event.atUs, ...event.sample });
    if (event.type !== 'fault.proven' || event.proof.exits === undefined) continue;
    // A fault on processes has the processes of one service as its targets.
    const service = event.targets[0]?.name;
    if (service === undefined) continue;
    for (const { afterMs, killed, exitCode, signal } of event.proof.exits)
      at(service).exits.push({ atUs: event.t * 1e6, afterS: afterMs / 1000, killed, exitCode, signal });
  }
  return Object.fromEntries(found);
}
