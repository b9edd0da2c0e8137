import { traceIds, traceparentOf } from '../support/trace-id.js';
import { PlimsollError } from '../support/errors.js';
import type { RequestPlan, StreamPlan } from './driver.js';
import { expectationsOf, type Expectations } from './expectations.js';
import { parseTarget, type Origin } from './origin.js';
import { requestPicker } from './schedule.js';
import { compileTemplate, isTemplate, type Template, type ValueContext } from './values.js';

/** A request of a stream, ready to be filled in for an arrival. */
export interface CompiledRequest {
  /** Position in the stream's requests. */
  position: number;
  name: string;
  method: string;
  origin: Origin;
  deadlineUs: number;
  expectations: Expectations;
  path: Template;
  /** Name and value in turn, without `host` and `content-length`; a fresh array for each arrival. */
  headers(index: number): string[];
  body(index: number): string | Uint8Array | undefined;
  /** Does it look the same for every arrival, but for the trace id? */
  constant: boolean;
}

export interface CompiledStream {
  requests: CompiledRequest[];
  /** The request that arrival `index` makes. */
  requestAt(index: number): CompiledRequest;
}

/** Compiles the requests of a stream; everything that can be wrong with them is found here, before anything is sent. */
export function compileStream(plan: StreamPlan, run: { runId: string; seed: number }): CompiledStream {
  const context: ValueContext = { seed: run.seed, stream: plan.name, data: plan.data };
  const origins = new Map<string, Origin>();
  const trace = plan.tracing ? traceIds(run.runId, plan.name) : undefined;
  const requests = plan.requests.map((request, position) => {
    const { origin, path } = parseTarget(request.url);
    if (!origins.has(origin.key)) origins.set(origin.key, origin);
    return compile(request, position, origins.get(origin.key) ?? origin, path, context, trace);
  });
  const pick = requestPicker(plan.requests, run.seed, plan.name);
  const [first] = requests;
  if (!first) {
    throw new PlimsollError({
      code: 'no_request',
      message: `Stream "${plan.name}" has no request.`,
      hint: 'Give it at least one under `requests`.',
      kind: 'usage',
    });
  }
  return { requests, requestAt: (index) => requests[pick(index)] ?? first };
}

function compile(
  request: RequestPlan,
  position: number,
  origin: Origin,
  path: string,
  context: ValueContext,
  trace: ReturnType<typeof traceIds> | undefined,
): CompiledRequest {
  const names = Object.keys(request.headers);
  const has = (name: string): boolean => names.some((other) => other.toLowerCase() === name);
  const isJson = Object.entries(request.headers).some(
    ([name, value]) => name.toLowerCase() === 'content-type' && /[/+]json\b/i.test(value),
  );
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [name, headerValue(name, compileTemplate(value, context, 'plain'))] as const,
  );
  const fixed = has('accept-encoding') ? [] : ['accept-encoding', 'identity'];
  const body =
    typeof request.body === 'string' ? compileTemplate(request.body, context, isJson ? 'json' : 'plain') : undefined;
  const texts = [path, ...Object.values(request.headers), ...(typeof request.body === 'string' ? [request.body] : [])];
  return {
    position,
    name: request.name,
    method: request.method,
    origin,
    deadlineUs: request.deadlineMs * 1000,
    expectations: expectationsOf(request.expect),
    path: compileTemplate(path, context, 'url'),
    headers(index) {
      const list = [...fixed];
      for (const [name, value] of headers) list.push(name, value(index));
      if (trace) list.push('traceparent', traceparentOf(trace.traceId(index), trace.spanId(index)));
      return list;
    },
    body: body ?? (() => request.body),
    constant: !texts.some(isTemplate),
  };
}

/** A line break from a data file must not become a header of its own: what HTTP forbids in a value is left out. */
function headerValue(name: string, template: Template): Template {
  const forbidden = name.toLowerCase() === 'cookie' ? /[^\t\x20-\x7e]/g : /[^\t\x20-\x7e\x80-\xff]/g;
  return (index) => template(index).replace(forbidden, '');
}
