import type { UndoRecord } from '../record/undo.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { connectContainer, startContainer, stateOfContainer } from './container.js';
import { ordersAnswered, short } from './engine.js';

/**
 * An engine that does not answer is asked again until the time is over. Unlike a proxy server it keeps its state on disk:
 * that it is gone says nothing about the container. And it may still carry out what it has not answered yet: an undo that
 * found nothing to do before that would be wrong.
 */
export async function withEngine(
  container: string,
  call: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (;;) {
    await ordersAnswered(container, signal);
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'engine_unavailable' || signal?.aborted) throw error;
    }
    await systemClock.sleep(200, signal);
  }
}

/**
 * Makes sure that a container runs.
 *
 * @returns true if there was something to do
 * @throws PlimsollError `container_gone`
 */
export async function startAgain(
  record: Extract<UndoRecord, { kind: 'start-container' }>,
  signal: AbortSignal | undefined,
  options: { orphaned?: boolean },
): Promise<boolean> {
  await ordersAnswered(record.container, signal);
  // An order to stop goes on in the engine: a container that runs now may still be on its way out.
  const settledUs = systemClock.nowUs() + (options.orphaned ? (record.settlesMs ?? 0) : 0) * 1000;
  const untilUs = systemClock.nowUs() + (record.comesBackMs ?? 0) * 1000;
  while (systemClock.nowUs() < untilUs) {
    const state = await stateOfContainer(record.container).catch(() => undefined);
    if (state?.running) return false;
    await systemClock.sleep(100, signal);
  }
  let started = await startOnce(record, signal);
  while (systemClock.nowUs() < settledUs) {
    await systemClock.sleep(100, signal);
    if (await startOnce(record, signal)) started = true;
  }
  return started;
}

async function startOnce(
  record: Extract<UndoRecord, { kind: 'start-container' }>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return withEngine(
    record.container,
    async () => {
      const outcome = await startContainer(record.container);
      if (outcome !== 'gone') return outcome === 'done';
      throw new PlimsollError({
        code: 'container_gone',
        message: `container ${short(record.container)} is not there any more, so it cannot be started`,
        hint: 'Somebody removed it; make it again the way it was made (docker-compose up -d).',
        kind: 'cleanup',
      });
    },
    signal,
  );
}

/**
 * Attaches a container to a network as it was.
 *
 * @returns true if there was something to do
 * @throws PlimsollError `network_gone`
 */
export async function attachAgain(
  record: Extract<UndoRecord, { kind: 'connect-container' }>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return withEngine(
    record.container,
    async () => {
      const outcome = await connectContainer(record.container, record.network);
      if (outcome !== 'gone') return outcome === 'done';
      // Which of the two is gone? Without the container nothing is owed; without the network it stays cut off.
      if ((await stateOfContainer(record.container)) === undefined) return false;
      throw new PlimsollError({
        code: 'network_gone',
        message: `network ${short(record.network.id)} is not there any more, so container ${short(record.container)} cannot be attached to it`,
        hint: 'Somebody removed it; make both again the way they were made (docker-compose up -d).',
        kind: 'cleanup',
      });
    },
    signal,
  );
}
