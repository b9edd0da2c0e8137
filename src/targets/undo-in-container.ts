import type { UndoRecord } from '../record/undo.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { undoneBy, type CommandResult } from './command.js';
import { createExec, killExec, runExec } from './container-exec.js';

/**
 * Always runs the command, since only it can know whether there is something to do; a container that ended and comes back
 * is waited for until the signal aborts.
 *
 * @param orphaned the conductor is dead: its injecting command may still be at work, and is killed first.
 * @returns false where the container is gone, and all that was done in it.
 * @throws PlimsollError `undo_command_failed`, `cannot_kill`, or the engine's refusal
 */
export async function undoInContainer(
  record: Extract<UndoRecord, { kind: 'run-in-container' }>,
  signal: AbortSignal | undefined,
  orphaned: boolean,
): Promise<boolean> {
  const { container, injecting, environment } = record;
  if (orphaned) await killExec(container, injecting);
  let id: string | undefined;
  for (;;) {
    try {
      id = await createExec(container, record);
      break;
    } catch (error) {
      const passing = error instanceof PlimsollError && ['engine_unavailable', 'engine_refused'].includes(error.code);
      if (!passing || signal?.aborted) throw error;
    }
    await systemClock.sleep(200, signal);
  }
  if (id === undefined) return false;
  const result = await runExec(container, id, environment, record.commandLimitMs, signal);
  return undoneBy(result, record.byHand);
}

/**
 * Asks inside the container, as the conductor would have done. Undefined where nothing is to be asked, or the container is
 * gone, does not run or does not say.
 */
export async function lookInContainer(
  record: Extract<UndoRecord, { kind: 'run-in-container' }>,
  signal: AbortSignal | undefined,
): Promise<CommandResult | undefined> {
  const { container, environment, look } = record;
  if (!look) return undefined;
  const id = await createExec(container, { ...record, command: look.command });
  return id === undefined ? undefined : runExec(container, id, environment, look.timeLimitMs, signal);
}
