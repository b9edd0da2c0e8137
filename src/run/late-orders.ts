import type { UndoRecord } from '../record/undo.js';
import { systemClock } from '../support/clock.js';
import { messageOf } from '../support/errors.js';
import { undoAll } from './undo-runner.js';

const LATE_ORDER_MS = 300;

/** What a conductor orders from a server, which may carry it out when the conductor is dead already. */
const BY_A_SERVER: readonly UndoRecord['kind'][] = [
  'remove-toxic',
  'enable-proxy',
  'remove-proxy',
  'unpause-container',
  'start-container',
  'connect-container',
  'restore-container-limits',
  'run-in-container',
];

/**
 * The last order of a conductor may still have been on its way to a Toxiproxy server or the Docker Engine when it died,
 * and come in after our undo. So whatever was owed is undone once more a moment later; once is the same as twice.
 *
 * @param owed the records that were undone the first time
 * @param say told what came in late, or could not be looked at
 * @returns the records whose second undo failed
 */
export async function sweepLateOrders(
  owed: readonly UndoRecord[],
  say: (text: string) => void,
): Promise<{ record: UndoRecord; message: string }[]> {
  const byServers = owed.filter(({ kind }) => BY_A_SERVER.includes(kind));
  if (byServers.length === 0) return [];
  await systemClock.sleep(LATE_ORDER_MS);
  const { failed } = await undoAll(byServers, {
    orphaned: true,
    concurrency: 32,
    onDone: (record, { alreadyDone }) => {
      // A command can't tell whether there was something to do.
      if (!alreadyDone && record.kind !== 'run-in-container') say(`came in late, done again: ${record.words}`);
    },
    onFailed: (record, error) => say(`second look failed: ${record.words}: ${messageOf(error)}`),
  });
  return failed;
}
