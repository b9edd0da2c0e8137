import type Dockerode from 'dockerode';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { reasonOf } from './engine-reason.js';

/** An engine that does not answer an order within this time is not waited for any longer. */
const CALL_LIMIT_MS = 10_000;

/** How much longer than we wait for it the answer to a harmful order is listened for: its undo has to know what became of it. */
const LATE_ANSWER_MS = 30_000;

/** The order came too late or too early: the container is in that state already. */
export type OrderOutcome = 'done' | 'was_so' | 'gone';

const engines = new Map<number, Promise<Dockerode>>();

/**
 * The engine at DOCKER_HOST, or at the usual socket. The library is loaded when a scenario needs it.
 *
 * @param silenceMs after which a connection is given up; 0 for never.
 */
async function docker(silenceMs: number): Promise<Dockerode> {
  const known = engines.get(silenceMs);
  if (known) return known;
  const made = import('dockerode').then(({ default: Docker }) => new Docker({ timeout: silenceMs }));
  engines.set(silenceMs, made);
  return made;
}

/** Loads the library now: a quarter of a second of work that must not lie between a death and the undo. */
export async function loadEngineLibrary(): Promise<void> {
  await docker(CALL_LIMIT_MS);
}

/** Gives an order; that it came too late, or to nobody, is an outcome. */
export async function order(
  words: string,
  give: (client: Dockerode) => Promise<unknown>,
  limitMs = CALL_LIMIT_MS,
  silenceMs = CALL_LIMIT_MS,
): Promise<OrderOutcome> {
  try {
    await call(words, give, limitMs, silenceMs);
    return 'done';
  } catch (error) {
    const status = statusOf(error);
    if (status === 304) return 'was_so';
    if (status === 404) return 'gone';
    throw error;
  }
}

/** Harmful orders whose answer is still to come, by container: an engine that is slow may carry them out at any time. */
const unanswered = new Map<string, Set<Promise<unknown>>>();

/**
 * Gives an order that does harm to a container. One that was given up for want of an answer is remembered, so that the
 * undo does not come before it: see `ordersAnswered`.
 *
 * @param extraS seconds that the order itself may take
 */
export async function harm(
  container: string,
  words: string,
  give: (client: Dockerode) => Promise<unknown>,
  extraS = 0,
): Promise<OrderOutcome> {
  const limitMs = CALL_LIMIT_MS + extraS * 1000;
  // The library ends a silent connection; while an order works, it is silent.
  const silenceMs = limitMs + LATE_ANSWER_MS;
  return order(
    words,
    async (client) => {
      const answer = give(client);
      const waiting = unanswered.get(container) ?? new Set();
      unanswered.set(container, waiting.add(answer));
      const givenUs = systemClock.nowUs();
      const settled = (): void => {
        // Ended by its silence: nobody knows what is to come, and the undo may not say that it is done.
        if (systemClock.nowUs() - givenUs < (silenceMs - 500) * 1000) waiting.delete(answer);
      };
      answer.then(settled, settled);
      return answer;
    },
    limitMs,
    silenceMs,
  );
}

/** Resolves once the engine has answered every harmful order that this process gave it for the container. */
export async function ordersAnswered(container: string, signal: AbortSignal | undefined): Promise<void> {
  while ((unanswered.get(container)?.size ?? 0) > 0) await systemClock.sleep(50, signal);
}

/** Each call has an end: an engine that hangs must not hang the run, and still less the undo. */
export async function call<T>(
  words: string,
  ask: (client: Dockerode) => Promise<T>,
  limitMs: number = CALL_LIMIT_MS,
  silenceMs: number = CALL_LIMIT_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    const client = await docker(silenceMs);
    const asked = ask(client);
    asked.catch(() => undefined);
    return await Promise.race([asked, late]);
  } catch (error) {
    const status = statusOf(error);
    throw new EngineFailure(words, error, status);
  } finally {
    clearTimeout(timer);
  }
}

/** A call that begins within the usual limit, and whose answer may then be as long and as silent as it likes. */
export async function callWithoutEnd<T>(words: string, ask: (client: Dockerode) => Promise<T>): Promise<T> {
  return call(words, ask, CALL_LIMIT_MS, 0);
}

/** A call to the engine that failed. `status` is 0 where it gave no answer. */
class EngineFailure extends PlimsollError {
  readonly status: number;

  constructor(words: string, error: unknown, status: number) {
    const unanswered = status === 0;
    super({
      code: unanswered ? 'engine_unavailable' : 'engine_refused',
      message: unanswered
        ? `the Docker Engine could not be asked to ${words}: ${reasonOf(error)}`
        : `the Docker Engine refused to ${words}: ${messageOf(error)}`,
      hint: unanswered
        ? 'Is it running, and is DOCKER_HOST right? `docker ps` should answer; `plimsoll doctor` looks too.'
        : undefined,
      cause: error,
    });
    this.status = status;
  }
}

/** The engine's HTTP status; 0 where it gave none. */
export function statusOf(error: unknown): number {
  if (error instanceof EngineFailure) return error.status;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 0;
}

/** The first twelve digits, as `docker ps` shows them. */
export function short(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}
