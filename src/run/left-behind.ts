import { groupIsAlive, leadersWith } from '../targets/process.js';
import { readJournal, type JournalState } from './journal.js';
import { listActive, unregister, type RegisterEntry } from './register.js';

/**
 * Takes those abandoned runs out of the register that provably owe nothing any more: each of their undo records was
 * carried out, or only ends processes of the run's own that are gone. Whatever leaves a doubt stays: a record that is
 * owed, a journal that can't be read, a damaged line.
 *
 * @returns the runs that were taken out.
 */
export function forgetSettled(): RegisterEntry[] {
  const settled = listActive().flatMap(({ entry, state }) =>
    state === 'abandoned' && owesNothing(entry.journalPath) ? [entry] : [],
  );
  for (const { runId } of settled) unregister(runId);
  return settled;
}

function owesNothing(journalPath: string): boolean {
  let journal: JournalState;
  try {
    journal = readJournal(journalPath);
  } catch {
    return false; // Lost with whatever it would have named.
  }
  // A damaged line may have named an undo.
  if (journal.torn) return false;
  return journal.pending.every((record) => {
    if (record.kind === 'end-group') return !groupIsAlive(record.process);
    return record.kind === 'end-marked' && leadersWith(record.marker).length === 0;
  });
}
