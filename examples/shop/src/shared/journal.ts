import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { z } from 'zod';

/**
 * What a process must not forget when it is killed: an append-only file of JSON lines. A line is with the operating
 * system when `append` returns, so it outlives the process (not a power cut: that would need fsync and cost a
 * thousand times more).
 */
export class Journal<Entry> {
  private descriptor: number;
  private lines: number;

  private constructor(
    private readonly file: string,
    lines: number,
  ) {
    this.lines = lines;
    this.descriptor = openSync(file, 'a');
  }

  /** Opens the file and returns what an earlier life of this process wrote. A torn last line is what a kill leaves: dropped. */
  static open<Entry>(file: string, schema: z.ZodType<Entry>): { journal: Journal<Entry>; entries: Entry[] } {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) writeFileSync(file, whole);
    const entries = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => schema.parse(JSON.parse(line)));
    return { journal: new Journal<Entry>(file, entries.length), entries };
  }

  /**
   * Opens a file that another process may still be writing to (a predecessor that drains): nothing is read and nothing
   * mended, since both only append.
   */
  static join<Entry>(file: string): Journal<Entry> {
    return new Journal<Entry>(file, 0);
  }

  append(entry: Entry): void {
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
    this.lines++;
  }

  /** Forgets what is settled once the file has grown long: `living` is all that is still worth knowing. */
  compactWhenLong(living: () => Iterable<Entry>): void {
    if (this.lines < LONG) return;
    const entries = [...living()];
    if (entries.length > LONG / 2) return;
    writeFileSync(`${this.file}.new`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    renameSync(`${this.file}.new`, this.file);
    closeSync(this.descriptor);
    this.descriptor = openSync(this.file, 'a');
    this.lines = entries.length;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

const LONG = 200_000;
