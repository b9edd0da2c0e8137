import type { Outcome } from '../record/outcomes.js';
import type { RequestPlan } from './driver.js';

/** A kept body longer than this makes the answer a `bad_response`. */
export const MOST_BODY_BYTES = 1 << 20;

export interface Expectations {
  /** Must the body be kept for the checks? */
  readonly needsBody: boolean;
  /** The outcome of a complete answer that came in time. `body` is what was kept. */
  readonly outcomeOf: (status: number, body: Uint8Array | undefined) => Outcome;
}

/** Compiles what a request expects of its answer. */
export function expectationsOf(expect: RequestPlan['expect']): Expectations {
  const { status: ranges, bodyContains, bodyJson } = expect;
  const fields = Object.entries(bodyJson ?? {}).map(([path, required]) => ({
    path: path.split('.'),
    holds: requirement(required),
  }));
  const needsBody = bodyContains !== undefined || bodyJson !== undefined;
  const isExpected = (status: number): boolean => ranges.some(([low, high]) => status >= low && status <= high);
  const bodyHolds = (body: Uint8Array): boolean => {
    const text = new TextDecoder().decode(body);
    if (bodyContains !== undefined && !text.includes(bodyContains)) return false;
    if (bodyJson === undefined) return true;
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return false;
    }
    return fields.every(({ path, holds }) => holds(at(document, path)));
  };
  return {
    needsBody,
    outcomeOf(status, body) {
      if (!isExpected(status)) {
        if (status >= 400 && status <= 499) return 'http_4xx';
        if (status >= 500 && status <= 599) return 'http_5xx';
        return 'check_failed';
      }
      return !needsBody || bodyHolds(body ?? new Uint8Array()) ? 'ok' : 'check_failed';
    },
  };
}

/** A text between slashes is a pattern, anything else a value that must be equal. */
function requirement(required: unknown): (found: unknown) => boolean {
  if (typeof required === 'string' && required.length > 2 && required.startsWith('/') && required.endsWith('/')) {
    const pattern = new RegExp(required.slice(1, -1), 'u');
    return (found) =>
      (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') &&
      pattern.test(String(found));
  }
  return (found) => equal(found, required);
}

function at(document: unknown, path: readonly string[]): unknown {
  let here = document;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

/** Equality of JSON values; the order of an object's keys does not matter. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}
