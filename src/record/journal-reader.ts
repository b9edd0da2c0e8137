import { readFileSync } from 'node:fs';
import { systemCodeOf } from '../support/errors.js';
import { UndoRecord, UndoSeen } from './undo.js';

/** One undo record of `journal.ndjson`, and who has carried it out since. */
export interface JournalEntry {
  record: UndoRecord;
  undoneBy: string | undefined;
  /** That it is gone, where somebody looked after the undo. */
  seen?: UndoSeen | undefined;
}

/**
 * What a journal says, for showing: lines that can't be read are skipped, a missing journal is empty. Whoever undoes
 * something reads it through `run/journal.ts`, which is stricter.
 */
export function readJournalEntries(path: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const entries = new Map<string, JournalEntry>();
  for (const raw of text.split('\n')) {
    const line = parseLine(raw);
    if (line?.['type'] === 'will-undo') {
      const record = UndoRecord.safeParse(line['record']);
      if (record.success) entries.set(record.data.id, { record: record.data, undoneBy: undefined });
    } else if (line?.['type'] === 'undone') {
      const entry = entries.get(String(line['id']));
      if (!entry) continue;
      entry.undoneBy = typeof line['by'] === 'string' ? line['by'] : 'unknown';
      entry.seen = UndoSeen.safeParse(line['seen']).data;
    }
  }
  return [...entries.values()];
}

function parseLine(raw: string): Record<string, unknown> | undefined {
  try {
    const line: unknown = JSON.parse(raw);
    return typeof line === 'object' && line !== null ? (line as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
