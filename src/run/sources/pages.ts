import { request } from 'undici';
import { systemClock } from '../../support/clock.js';
import { messageOf, systemCodeOf } from '../../support/errors.js';

/** Readings this close together share one request: a page of metrics costs its service a few milliseconds. */
const SHARED_US = 100_000;

/** The pages of metrics that a run reads, each once for all SLOs that are about it. */
export class Pages {
  readonly #last = new Map<string, { beganUs: number; text: Promise<string> }>();

  /**
   * The text of a page.
   *
   * @throws Error that says why there is none
   */
  async read(url: string, limits: { timeLimitMs: number; signal: AbortSignal }): Promise<string> {
    const now = systemClock.nowUs();
    const last = this.#last.get(url);
    if (last && now - last.beganUs < SHARED_US) return last.text;
    const text = ask(url, limits);
    this.#last.set(url, { beganUs: now, text });
    return text;
  }
}

async function ask(
  url: string,
  { timeLimitMs, signal }: { timeLimitMs: number; signal: AbortSignal },
): Promise<string> {
  const limit = AbortSignal.timeout(timeLimitMs);
  let status: number;
  let text: string;
  try {
    const answer = await request(url, { signal: AbortSignal.any([signal, limit]) });
    status = answer.statusCode;
    text = await answer.body.text();
  } catch (error) {
    signal.throwIfAborted();
    const why = limit.aborted ? `no answer within ${timeLimitMs} ms` : (systemCodeOf(error) ?? messageOf(error));
    throw new Error(`${url} cannot be read: ${why}`, { cause: error });
  }
  if (status !== 200) throw new Error(`${url} answers ${status}`);
  return text;
}
