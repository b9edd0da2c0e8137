import type { IncomingHttpHeaders } from 'node:http';
import type { Level } from './containment.js';

/** Bugs that a request can wake, one at each level: `poison: handler` in its headers. They are how containment is tried. */
const LEVELS: readonly Level[] = ['business', 'handler', 'router', 'detached'];

/** The level at which this request meets a bug, or undefined. */
export function poisonOf(headers: IncomingHttpHeaders): Level | undefined {
  return LEVELS.find((level) => level === headers['poison']);
}

/** Throws as a bug would (`undefined` has no properties) where the request is poisoned for this level. */
export function bugAt(level: Level, headers: IncomingHttpHeaders): void {
  if (poisonOf(headers) === level) throw new TypeError(`Cannot read properties of undefined (reading '${level}')`);
}
