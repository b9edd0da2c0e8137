import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';
import { withLock, type LockOwner } from './file-lock.js';

/** Version of a line; a reader takes its own and older ones, and names newer ones. */
const LEDGER_FORMAT_VERSION = 1;

const common = {
  v: z.literal(LEDGER_FORMAT_VERSION),
  /** Unique in the file: an entry of a run bears the run's id. */
  id: z.string().min(1),
  /** When it was written down, ISO 8601. */
  at: z.iso.datetime({ offset: true }),
  /** The budget it belongs to. */
  budget: z.string().min(1),
};
const counts = {
  /** The span that was counted, ISO 8601. */
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  bad: z.number().min(0),
  total: z.number().min(0),
  slices: z.object({ bad: z.number(), total: z.number(), ratioSum: z.number() }).optional(),
};
const share = z.number().nullable();

export const LedgerEntry = z.discriminatedUnion('kind', [
  /** A run, and what it cost as a share of the budget. Only runs in production spend it. */
  z.object({
    ...common,
    kind: z.literal('run'),
    run: z.string(),
    scenario: z.string(),
    environment: z.enum(['test', 'production']),
    verdict: z.string(),
    ...counts,
    cost: z.object({ value: share, low: share, high: share }).nullable(),
    /** Who allowed it although a review was due. */
    reviewedBy: z.string().optional(),
  }),
  /** Traffic outside runs, counted elsewhere. */
  z.object({ ...common, kind: z.literal('usage'), ...counts, note: z.string().optional() }),
  /** Takes another entry out of the reckoning; nothing is ever deleted. */
  z.object({ ...common, kind: z.literal('exclude'), entry: z.string(), why: z.string() }),
]);
export type LedgerEntry = z.infer<typeof LedgerEntry>;

export interface Ledger {
  entries: LedgerEntry[];
  /** Lines that can't be understood; they stay in the file as they are. */
  damaged: { line: number; problem: string }[];
}

/**
 * Reads a ledger; one that is not there is empty. A damaged line is named, and costs nothing but itself.
 *
 * @throws PlimsollError `ledger_not_read`
 */
export function readLedger(file: string): Ledger {
  if (!existsSync(file)) return { entries: [], damaged: [] };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'ledger_not_read',
      message: `the budget ledger ${file} cannot be read: ${systemCodeOf(error) ?? messageOf(error)}`,
      hint: 'Check the path and its permissions.',
      cause: error,
    });
  }
  const ledger: Ledger = { entries: [], damaged: [] };
  const ids = new Set<string>();
  for (const [k, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') ledger.damaged.push({ line: k + 1, problem: parsed });
    // The same entry twice (a file that was put together from two) counts once.
    else if (ids.has(parsed.id))
      ledger.damaged.push({ line: k + 1, problem: `the entry ${parsed.id} is there already` });
    else {
      ids.add(parsed.id);
      ledger.entries.push(parsed);
    }
  }
  return ledger;
}

/**
 * Appends entries, under the ledger's lock, and returns those that were new: an id that is there already is not written
 * twice, so recording a run again does no harm. The data is on disk when this returns.
 *
 * @param owner who holds the lock meanwhile
 * @throws PlimsollError `ledger_locked`, `ledger_not_written`
 */
export async function appendToLedger(
  file: string,
  entries: readonly LedgerEntry[],
  owner: LockOwner,
): Promise<LedgerEntry[]> {
  const checked = entries.map((entry) => LedgerEntry.parse(entry));
  try {
    mkdirSync(dirname(file), { recursive: true });
    return await withLock(`${file}.lock`, owner, () => {
      const known = new Set(readLedger(file).entries.map(({ id }) => id));
      const fresh = checked.filter(({ id }) => !known.has(id) && known.add(id));
      if (fresh.length > 0) append(file, fresh.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      return fresh;
    });
  } catch (error) {
    if (error instanceof PlimsollError) throw error;
    throw new PlimsollError({
      code: 'ledger_not_written',
      message: `the budget ledger ${file} cannot be written: ${messageOf(error)}`,
      hint: 'Is there room on the disk, and may you write there? `plimsoll budget record` writes a run down later.',
      cause: error,
    });
  }
}

function append(file: string, text: string): void {
  const isNew = !existsSync(file);
  const descriptor = openSync(file, 'a+', 0o644);
  try {
    // A writer that died in mid-line must not take the next entry with it: the torn line is closed, and stays.
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    const torn = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 10;
    const data = Buffer.from(torn ? `\n${text}` : text);
    for (let at = 0; at < data.length;) at += writeSync(descriptor, data, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (isNew) syncFolder(dirname(file));
}

/** Else the name of a new file may be lost in a power cut, although its data is not. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Some file systems don't know this; the data itself is safe.
  }
}

function parseLine(line: string): LedgerEntry | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'it is no JSON; was a writer killed in the middle of it?';
  }
  const version = (json as { v?: unknown } | null)?.v;
  if (typeof version === 'number' && version > LEDGER_FORMAT_VERSION)
    return `it has the format version ${version}, which a newer Plimsoll wrote`;
  const entry = LedgerEntry.safeParse(json);
  if (entry.success) return entry.data;
  const [issue] = entry.error.issues;
  return `${issue?.path.map(String).join('.') || 'the entry'}: ${issue?.message ?? 'has not its form'}`;
}
