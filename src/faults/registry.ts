import { PlimsollError } from '../support/errors.js';
import type { FaultDefinition } from './fault.js';
import latency from './latency.js';
import processKill from './process-kill.js';

/** All faults, in the order of the documentation. One line a file. */
export const faults: readonly FaultDefinition[] = [
  //
  latency,
  processKill,
];

/** @throws PlimsollError `unknown_fault` with the types that exist. */
export function faultByType(type: string): FaultDefinition {
  const found = faults.find((fault) => fault.type === type);
  if (found) return found;
  throw new PlimsollError({
    code: 'unknown_fault',
    message: `there is no fault of type "${type}"`,
    hint: `There are: ${faults.map((fault) => fault.type).join(', ')}.`,
    kind: 'usage',
  });
}
