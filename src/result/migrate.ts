import { PlimsollError } from '../support/errors.js';
import { RESULT_SCHEMA_VERSION, RunResult } from './schema.js';

type Json = Record<string, unknown>;

/**
 * From version `key` to the next one. Whoever raises `RESULT_SCHEMA_VERSION` adds a step here and keeps a result of the
 * old version as a fixture: every old result must still render.
 */
const STEPS: Readonly<Record<number, (result: Json) => Json>> = {};

/**
 * A result of this version or of an older one, checked. Throws `newer_format` for a newer one, and `result_damaged` for
 * what is no result. `name` is used in messages.
 */
export function parseResult(json: unknown, name = 'result.json'): RunResult {
  if (typeof json !== 'object' || json === null || !('schema' in json) || !Number.isInteger(json.schema)) {
    throw damaged(name, 'it has no schema version');
  }
  let result = json as Json;
  const version = json.schema as number;
  if (version > RESULT_SCHEMA_VERSION) {
    throw new PlimsollError({
      code: 'newer_format',
      message: `${name} has the schema version ${version}; this Plimsoll reads versions up to ${RESULT_SCHEMA_VERSION}.`,
      hint: 'Update Plimsoll, or render the run with the version that made it.',
      kind: 'usage',
    });
  }
  for (let from = version; from < RESULT_SCHEMA_VERSION; from++) {
    const step = STEPS[from];
    if (!step) throw damaged(name, `there has never been a schema version ${version}`);
    result = step(result);
  }
  const parsed = RunResult.safeParse(result);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(name, issue ? `${issue.path.map(String).join('.')}: ${issue.message}` : 'it does not have its form');
}

function damaged(name: string, why: string): PlimsollError {
  return new PlimsollError({
    code: 'result_damaged',
    message: `${name} is not a result of Plimsoll, or it is damaged: ${why}.`,
    hint: 'If the run has its events.ndjson, `plimsoll judge` makes the result anew from it.',
  });
}
