import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UndoRecord, UndoSeen } from '../record/undo.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf } from '../support/errors.js';

const JOURNAL_FILE = 'journal.ndjson';

const Line = z.discriminatedUnion('type', [
  z.object({
    v: z.literal(1),
    type: z.literal('will-undo'),
    record: UndoRecord,
    /** On the machine's monotonic clock: from then on the watchdog undoes it by itself. */
    deadlineUs: z.number().optional(),
  }),
  z.object({
    v: z.literal(1),
    type: z.literal('undone'),
    id: z.string(),
    by: z.enum(['conductor', 'watchdog', 'recover']),
    seen: UndoSeen.optional(),
  }),
  z.object({
    v: z.literal(1),
    type: z.literal('undo-failed'),
    id: z.string(),
    by: z.enum(['conductor', 'watchdog', 'recover']),
    message: z.string(),
  }),
]);
type Line = z.infer<typeof Line>;
export type JournalWriter = 'conductor' | 'watchdog' | 'recover';

/** What a journal still owes. */
export interface JournalState {
  /** Not undone yet, in the order of writing. */
  pending: UndoRecord[];
  all: UndoRecord[];
  /** By record id. */
  deadlinesUs: Map<string, number>;
  /** A line was cut or damaged. One that was cut while it was written never led to an injection. */
  torn: boolean;
}

/**
 * The write-ahead file of undo records. A record is on the disk before its fault acts; what is undone is marked. Both
 * the conductor and, after its death, the watchdog or `plimsoll recover` append to it, a line a write.
 */
export class Journal {
  readonly #pending = new Map<string, UndoRecord>();
  #closed = false;
  /** The file ends in the middle of a line: what comes next must not be swallowed by it. */
  #torn = false;

  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    private readonly writer: JournalWriter,
  ) {}

  /** A new journal in a run directory. Fails if there is one already: a run directory belongs to one run. */
  static create(directory: string): Journal {
    const path = join(directory, JOURNAL_FILE);
    try {
      const journal = new Journal(path, openSync(path, 'ax', 0o600), 'conductor');
      fsyncSync(journal.descriptor);
      // The file's name must survive a crash as well as its content.
      const folder = openSync(directory, 'r');
      fsyncSync(folder);
      closeSync(folder);
      return journal;
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /**
   * Opens another process' journal to go on with its work. A torn last line is closed by our first own one, so that ours
   * is readable. Nothing is written here: on a full disk, which is what tears lines, the work must go on all the same.
   */
  static open(path: string, writer: JournalWriter): Journal {
    try {
      const state = readJournal(path);
      const descriptor = openSync(path, 'a+');
      const { size } = fstatSync(descriptor);
      const last = Buffer.alloc(1);
      const journal = new Journal(path, descriptor, writer);
      journal.#torn = size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
      for (const record of state.pending) journal.#pending.set(record.id, record);
      return journal;
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /**
   * Writes records down and waits until they are on the disk. Call it before the fault acts.
   *
   * @param deadlineUs on the machine's monotonic clock; from then on the watchdog undoes them, whatever the conductor does.
   * @throws PlimsollError `journal_failed`: then nothing may be injected.
   */
  willUndo(records: readonly UndoRecord[], deadlineUs?: number): void {
    this.#append(
      records.map((record) => ({
        v: 1,
        type: 'will-undo',
        record,
        ...(deadlineUs === undefined ? {} : { deadlineUs: Math.round(deadlineUs) }),
      })),
    );
    for (const record of records) this.#pending.set(record.id, record);
  }

  /**
   * Marks a record as carried out. Never throws: the work is done, and undoing it twice does no harm.
   *
   * @param finding what a look afterwards showed: that it is gone
   */
  undone(recordId: string, finding?: string): void {
    this.#pending.delete(recordId);
    const seen = finding === undefined ? {} : { seen: { finding, atUs: Math.round(systemClock.nowUs()) } };
    this.#note({ v: 1, type: 'undone', id: recordId, by: this.writer, ...seen });
  }

  /** Notes a failed attempt; the record stays pending. */
  failed(recordId: string, message: string): void {
    this.#note({ v: 1, type: 'undo-failed', id: recordId, by: this.writer, message });
  }

  /** What this process still has to undo, in the order of writing. */
  pending(): UndoRecord[] {
    return [...this.#pending.values()];
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.descriptor);
  }

  #note(line: Line): void {
    try {
      this.#append([line]);
    } catch {
      // A full disk must not stop the undo of the other faults; a recovery will find this one done already.
    }
  }

  #append(lines: Line[]): void {
    if (lines.length === 0) return;
    try {
      if (this.#closed) throw new Error('it is closed');
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(this.descriptor, bytes, written);
        this.#torn = bytes[written - 1] !== 0x0a;
      }
      fsyncSync(this.descriptor);
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
  }
}

/**
 * Reads a journal, also one that was cut by a crash or damaged: lines that can't be read are skipped and reported by
 * `torn`.
 *
 * @throws the file system's error if the file can't be read at all.
 */
export function readJournal(path: string): JournalState {
  const all = new Map<string, UndoRecord>();
  const pending = new Map<string, UndoRecord>();
  const deadlinesUs = new Map<string, number>();
  const text = readFileSync(path, 'utf8');
  let torn = text !== '' && !text.endsWith('\n');
  for (const raw of text.split('\n')) {
    if (raw.trim() === '') continue;
    const line = parseLine(raw);
    if (!line) {
      torn = true;
    } else if (line.type === 'will-undo') {
      all.set(line.record.id, line.record);
      pending.set(line.record.id, line.record);
      if (line.deadlineUs !== undefined) deadlinesUs.set(line.record.id, line.deadlineUs);
    } else if (line.type === 'undone') {
      pending.delete(line.id);
    }
  }
  return { pending: [...pending.values()], all: [...all.values()], deadlinesUs, torn };
}

function parseLine(raw: string): Line | undefined {
  try {
    return Line.safeParse(JSON.parse(raw)).data;
  } catch {
    return undefined;
  }
}

function cannotWrite(path: string, cause: unknown): PlimsollError {
  return new PlimsollError({
    code: 'journal_failed',
    message: `the journal ${path} cannot be written: ${messageOf(cause)}`,
    hint: 'Without it nothing is injected, since nothing could be undone after a crash. Free the disk or choose another --out folder.',
    cause,
  });
}
