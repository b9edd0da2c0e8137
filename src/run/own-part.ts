import { randomBytes } from 'node:crypto';
import { identityOf } from '../targets/process.js';
import type { ProcessIdentity } from '../record/undo.js';
import type { WriteAhead } from '../targets/link-proxies.js';

/** In the environment of each process that a run starts to live on by itself, with a value of its own. */
const PART_MARKER = 'PLIMSOLL_PART';

/** A part of the run that is about to be started, and is in the journal already. */
export interface AnnouncedPart {
  /** To be put into the environment of the part. */
  environment: Record<string, string>;
  /**
   * It has been started: from now on it is known by its identity.
   *
   * @returns the id of the undo record that ends it
   */
  started(pid: number): { record: string; identity: ProcessIdentity };
  /** It could not be started. */
  failed(): void;
}

/**
 * Writes down that a process is going to be started that would outlive us, before it is: whoever is killed between the
 * start and the line that names its pid would leave it behind for good. Until then it is known by its environment.
 *
 * @param label for people: "the embedded proxy"
 * @throws PlimsollError `journal_failed`: then it must not be started
 */
export function announcePart(journal: WriteAhead, id: string, label: string): AnnouncedPart {
  const value = `${id}-${randomBytes(8).toString('hex')}`;
  const common = { fault: 'run', label, timeLimitMs: 5000 };
  const announced = `${id}/announced`;
  journal.willUndo([
    {
      ...common,
      kind: 'end-marked',
      id: announced,
      words: `end ${label}, if it was started`,
      byHand: `grep -lz '^${PART_MARKER}=${value}$' /proc/[0-9]*/environ`,
      marker: `${PART_MARKER}=${value}`,
    },
  ]);
  return {
    environment: { [PART_MARKER]: value },
    started(pid) {
      const identity = identityOf(pid) ?? { pid, startTime: 0, bootId: '' };
      const record = `${id}-${pid}`;
      journal.willUndo([
        {
          ...common,
          kind: 'end-group',
          id: record,
          words: `end ${label} (process group ${pid})`,
          byHand: `kill -TERM -- -${pid}`,
          process: identity,
        },
      ]);
      journal.undone(announced);
      return { record, identity };
    },
    failed: () => journal.undone(announced),
  };
}
