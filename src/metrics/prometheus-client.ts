import { request } from 'undici';
import { z } from 'zod';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';

/** One series of an answer: its labels and its values, [seconds since 1970, value]. */
export interface PromSeries {
  labels: Record<string, string>;
  points: [number, number][];
}

/** Values come as text, since JSON knows neither NaN nor infinities. */
const Point = z.tuple([z.number(), z.string()]);
const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: Point })),
      }),
      z.object({
        resultType: z.literal('matrix'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), values: z.array(Point) })),
      }),
      z.object({ resultType: z.literal('scalar'), result: Point }),
      z.object({ resultType: z.literal('string'), result: Point }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);
const LARGEST_BYTES = 16 * 1024 * 1024;

/**
 * An instant query (`/api/v1/query`), at the server's own time unless one is given.
 *
 * @throws PlimsollError `prometheus_unreachable`, `prometheus_refused` (with the server's words), `prometheus_unreadable`
 */
export async function queryInstant(
  server: string,
  query: string,
  options: { timeLimitMs: number; atS?: number; signal?: AbortSignal },
): Promise<PromSeries[]> {
  const parameters = { query, ...(options.atS === undefined ? {} : { time: String(options.atS) }) };
  return seriesOf(await ask(server, '/api/v1/query', parameters, options));
}

async function ask(
  server: string,
  path: string,
  parameters: Record<string, string>,
  options: { timeLimitMs: number; signal?: AbortSignal },
): Promise<unknown> {
  const url = `${server.replace(/\/+$/, '')}${path}`;
  const limit = AbortSignal.timeout(options.timeLimitMs);
  let status: number;
  let text: string;
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(parameters).toString(),
      signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
    });
    status = answer.statusCode;
    text = await bounded(answer.body);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof PlimsollError) throw error;
    const why = limit.aborted
      ? `no answer within ${options.timeLimitMs} ms`
      : (systemCodeOf(error) ?? messageOf(error));
    throw new PlimsollError({
      code: 'prometheus_unreachable',
      message: `the Prometheus at ${server} cannot be asked: ${why}`,
      hint: 'Does it run, and is that its address?',
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PlimsollError({
      code: 'prometheus_unreadable',
      message: `${url} answered ${status} with something that is no JSON: ${text.slice(0, 80)}`,
      hint: 'Is that a Prometheus, or something in front of it?',
      cause: error,
    });
  }
}

function seriesOf(json: unknown): PromSeries[] {
  const parsed = Answer.safeParse(json);
  if (!parsed.success) {
    throw new PlimsollError({
      code: 'prometheus_unreadable',
      message: `the answer is not one of Prometheus's API: ${parsed.error.issues[0]?.message ?? 'unknown form'}`,
      hint: 'Is that the address of a Prometheus server?',
    });
  }
  if (parsed.data.status === 'error') {
    throw new PlimsollError({
      code: 'prometheus_refused',
      message: `Prometheus refuses the query: ${parsed.data.error} (${parsed.data.errorType})`,
      hint: 'Try the query on its own page.',
    });
  }
  const { data } = parsed.data;
  const point = ([at, value]: [number, string]): [number, number] => [at, numberOf(value)];
  switch (data.resultType) {
    case 'vector':
      return data.result.map(({ metric, value }) => ({ labels: metric, points: [point(value)] }));
    case 'matrix':
      return data.result.map(({ metric, values }) => ({ labels: metric, points: values.map(point) }));
    case 'scalar':
      return [{ labels: {}, points: [point(data.result)] }];
    case 'string':
      throw new PlimsollError({
        code: 'prometheus_refused',
        message: 'the query gives a text, and no number',
        hint: 'Write a query that gives a number.',
      });
  }
}

/** `+Inf`, `-Inf` and `NaN` are Go's words. */
function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

async function bounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LARGEST_BYTES) {
      throw new PlimsollError({
        code: 'prometheus_unreadable',
        message: `the answer is longer than ${LARGEST_BYTES} bytes`,
        hint: 'Write a query that gives one series.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
