import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../support/errors.js';

/** Judges the last `seconds` of the run that goes on, as plain data; undefined where no run does. */
export type CheckSlos = (seconds: number) => Promise<unknown>;

const DEFAULT_S = 60;
/** Twenty batches of a second at least, as for every window; an hour at most. */
const LEAST_S = 20;
const MOST_S = 3600;
const MOST_BODY_BYTES = 1024;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/;

/**
 * `POST /slo/check`: the verdict on the last 60 s, or on as many as the body says (`{"seconds": 120}`). One at a time, since
 * each reads what was recorded so far. Browsers are refused: pages of other sites could ask for it again and again.
 */
export function sloCheck(check: CheckSlos): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let busy = false;
  return async (request, response) => {
    const refuse = (status: number, error: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify({ error })}\n`);
    };
    const { origin, host = '' } = request.headers;
    if (origin !== undefined || !LOOPBACK.test(host)) return refuse(403, 'This is not for browsers.');
    if (busy) return refuse(429, 'A check is going on; ask again when it has answered.');
    busy = true;
    try {
      const seconds = secondsOf(await bodyOf(request));
      if (typeof seconds === 'string') return refuse(400, seconds);
      const found = await check(seconds);
      if (found === undefined) return refuse(409, 'No run is going on.');
      response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(found)}\n`);
    } catch (error) {
      refuse(500, messageOf(error));
    } finally {
      busy = false;
    }
  };
}

/** The number of seconds, or what is wrong with the body. */
function secondsOf(body: string | undefined): number | string {
  const wrong = `Write {"seconds": N} with N from ${LEAST_S} to ${MOST_S}, or nothing for ${DEFAULT_S}.`;
  if (body === undefined) return wrong;
  if (body.trim() === '') return DEFAULT_S;
  try {
    const { seconds } = JSON.parse(body) as { seconds?: unknown };
    return typeof seconds === 'number' && seconds >= LEAST_S && seconds <= MOST_S ? seconds : wrong;
  } catch {
    return wrong;
  }
}

/** Undefined where it is too long to be one. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MOST_BODY_BYTES) chunks.push(chunk);
  }
  return length > MOST_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}
