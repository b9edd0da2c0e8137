import { defects } from './defects.js';
import type { Logger } from './log.js';
import { countContained } from './metrics.js';
import type { Trace } from './trace.js';

/**
 * Crash containment: an error costs what it touches and nothing more. In a business function it costs a part of the
 * answer, in a handler or in the router one answer (`http.ts`), in work that nobody waits for only that work. Each is
 * counted and logged with its trace, so that it is found and mended; none takes the process, and with it everybody
 * else's requests, down.
 */
export type Level = 'business' | 'handler' | 'router' | 'detached';

const active = defects();

/** Puts a contained error on record: one line with `trace_id`, `handler`, error and stack. */
export function noteContained(
  log: Logger,
  level: Level,
  handler: string,
  trace: Trace | undefined,
  error: unknown,
): void {
  countContained(level);
  const traceId = active.has('log-without-trace') ? undefined : trace?.id;
  log.error({ trace_id: traceId, handler, level, err: error }, 'contained');
}

/** What a business function returns, or the fallback when it throws: the answer is poorer, not absent. */
export function orElse<T>(work: () => T, fallback: T, onError: (error: unknown) => void): T {
  try {
    return work();
  } catch (error) {
    onError(error);
    return fallback;
  }
}

/** Starts work that no request waits for (a cache to warm, a statistic to write). It may fail; the process lives. */
export function detached(log: Logger, handler: string, trace: Trace, work: () => void | Promise<void>): void {
  setImmediate(() => {
    if (active.has('crash-on-detached-error')) return void work();
    void (async () => work())().catch((error: unknown) => noteContained(log, 'detached', handler, trace, error));
  });
}

/**
 * The net below all others, for what escaped from a callback of some library. Node.js warns that a process may be in an
 * undefined state afterwards; ours keeps its state in journals, and a supervisor restarts what no longer answers.
 */
export function containTheRest(log: Logger): void {
  if (active.has('crash-on-handler-error') || active.has('crash-on-detached-error')) return;
  const note = (error: unknown): void => noteContained(log, 'detached', 'unknown', undefined, error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
}
