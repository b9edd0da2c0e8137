import { request } from 'undici';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';
import { systemClock } from '../support/clock.js';
import { formatMs } from '../support/units.js';

const POLL_MS = 50;

/**
 * Waits until GET answers 2xx.
 *
 * @param ended says whether the thing that should get ready has died meanwhile, and how.
 * @throws PlimsollError `not_ready`, `system_ended`
 */
export async function waitForReady(
  url: string,
  options: {
    who: string;
    timeLimitMs: number;
    signal: AbortSignal;
    ended: () => string | undefined;
    /** Did this run start it? Then there is a log. */
    isOurs: boolean;
  },
): Promise<void> {
  const untilUs = systemClock.nowUs() + options.timeLimitMs * 1000;
  let last: true | string = 'not tried yet';
  while (systemClock.nowUs() < untilUs) {
    const end = options.ended();
    if (end) {
      throw new PlimsollError({
        code: 'system_ended',
        message: `${options.who} ended before it was ready: ${end}`,
        hint: 'Its log is in the run directory under logs/.',
      });
    }
    last = await checkReady(url, 2000);
    if (last === true) return;
    await systemClock.sleep(POLL_MS, options.signal);
  }
  throw new PlimsollError({
    code: 'not_ready',
    message: `${options.who} was not ready within ${formatMs(options.timeLimitMs)}: ${url} says ${last}`,
    hint: options.isOurs
      ? 'Look at its log in the run directory under logs/, or give it more time with `system.readyTimeout`.'
      : 'Is it running, does it listen there, and is what it needs behind the links up? `system.readyTimeout` gives it more time.',
  });
}

/** One GET: true for 2xx, else what came back in words. */
export async function checkReady(url: string, timeLimitMs: number): Promise<true | string> {
  try {
    const response = await request(url, { signal: AbortSignal.timeout(timeLimitMs), reset: true });
    await response.body.dump();
    return response.statusCode >= 200 && response.statusCode < 300 ? true : `status ${response.statusCode}`;
  } catch (error) {
    return systemCodeOf(error) ?? (messageOf(error) || 'no connection');
  }
}

/**
 * Asks once whether the system is ready, before anything is broken.
 *
 * @throws PlimsollError `baseline_unhealthy`
 */
export async function requireReady(url: string): Promise<void> {
  const ready = await checkReady(url, 2000);
  if (ready !== true) {
    throw new PlimsollError({
      code: 'baseline_unhealthy',
      message: `the system is not ready before anything was broken: ${url} says ${ready}`,
    });
  }
}
