import { faultByType } from '../faults/registry.js';
import type { Scenario } from '../scenario/parse.js';
import type { FaultEntry } from '../scenario/schema.js';
import type { ScheduledFault } from './plan.js';

/** Faults as they will be injected: repetitions written out, in the order of time. Ids follow the order in the file. */
export function scheduleFaults(scenario: Scenario): ScheduledFault[] {
  return scenario.faults
    .flatMap((entry, k) =>
      occurrences(entry, scenario.phases.fault).map((atMs, n, all) =>
        scheduled(scenario, entry, k, all.length > 1 ? `f${k + 1}.${n + 1}` : `f${k + 1}`, atMs),
      ),
    )
    .sort((a, b) => a.atMs - b.atMs);
}

/** Times of a fault and its repetitions, as far as they fit into the phase. */
function occurrences(entry: FaultEntry, phaseMs: number): number[] {
  if (entry.every === undefined) return [entry.at];
  const times: number[] = [];
  for (
    let n = 0;
    entry.at + n * entry.every + (entry.for ?? 0) <= phaseMs && entry.at + n * entry.every < phaseMs;
    n++
  ) {
    times.push(entry.at + n * entry.every);
  }
  return times;
}

function asWritten(scenario: Scenario, position: number): Record<string, unknown> {
  const {
    type: _type,
    name: _name,
    at: _at,
    for: _for,
    every: _every,
    proof: _proof,
    ...settings
  } = scenario.source.faults[position] ?? {};
  return settings;
}

function scheduled(scenario: Scenario, entry: FaultEntry, position: number, id: string, atMs: number): ScheduledFault {
  const { type, name: _name, at: _at, for: forMs, every: _every, proof, ...settings } = entry;
  return {
    id,
    definition: faultByType(type),
    settings,
    settingsText: asWritten(scenario, position),
    atMs,
    forMs,
    proofOptional: proof === 'optional',
    location: scenario.source.locate(['faults', position]),
  };
}
