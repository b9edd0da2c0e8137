import { open, type FileHandle } from 'node:fs/promises';
import type { LineMatch, SourcePlan } from '../../plan/plan.js';
import type { SourceSample } from '../../record/source-sample.js';
import { messageOf, systemCodeOf } from '../../support/errors.js';
import { trouble } from './trouble.js';

type LogPlan = Extract<SourcePlan, { how: 'log' }>;

const CHUNK_BYTES = 256 * 1024;
/** A line longer than this is no line of a log, and is not kept in memory until it ends. */
const LONGEST_LINE = 1024 * 1024;

/** Follows the lines of one or more files, and counts those that match. Lines that are no JSON object never do. */
export class LogReader {
  readonly #files: Follower[];
  readonly #match: Test;
  readonly #of: Test;
  #matched = 0;
  #total = 0;

  constructor(plan: LogPlan, pathOf: (log: string) => string) {
    this.#files = (plan.file === undefined ? plan.logs.map(pathOf) : [plan.file]).map((path) => new Follower(path));
    this.#match = testOf(plan.match);
    this.#of = plan.of ? testOf(plan.of) : this.#match;
  }

  async read(): Promise<SourceSample> {
    for (const file of this.#files) {
      try {
        await file.readOn((line) => this.#see(line));
      } catch (error) {
        return trouble(
          systemCodeOf(error) === 'ENOENT' ? 'missing' : 'unreadable',
          `${file.path} cannot be read: ${systemCodeOf(error) ?? messageOf(error)}`,
        );
      }
    }
    const empty = this.#files.find(({ lines }) => lines === 0);
    // Silence may be health, but a log that never held a line may as well be the wrong file.
    if (empty) return trouble('missing', `${empty.path} holds no line yet`);
    return { kind: 'lines', matched: this.#matched, of: this.#total };
  }

  #see(line: string): void {
    const fields = objectOf(line);
    if (!fields || !this.#of(fields)) return;
    this.#total++;
    if (this.#match(fields)) this.#matched++;
  }
}

/** Reads a file on from where it ended last time; a file that became shorter was begun again. */
class Follower {
  lines = 0;
  #at = 0;
  #rest = '';

  constructor(readonly path: string) {}

  async readOn(see: (line: string) => void): Promise<void> {
    const file = await open(this.path, 'r');
    try {
      const { size } = await file.stat();
      if (size < this.#at) {
        this.#at = 0;
        this.#rest = '';
      }
      await this.#readTo(file, size, see);
    } finally {
      await file.close();
    }
  }

  async #readTo(file: FileHandle, size: number, see: (line: string) => void): Promise<void> {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, size - this.#at)));
    while (this.#at < size) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - this.#at), this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      // Latin-1 keeps every byte, also of a character that is cut in two; each whole line is then read as UTF-8.
      const lines = (this.#rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      this.#rest = lines.pop() ?? '';
      if (this.#rest.length > LONGEST_LINE) this.#rest = '';
      for (const line of lines) {
        this.lines++;
        see(Buffer.from(line, 'latin1').toString('utf8'));
      }
    }
  }
}

type Test = (fields: Record<string, unknown>) => boolean;

function testOf(match: LineMatch): Test {
  const tests = Object.entries(match).map(([path, expected]) => {
    const pattern = typeof expected === 'string' ? /^\/(.*)\/$/s.exec(expected)?.[1] : undefined;
    const regular = pattern === undefined ? undefined : new RegExp(pattern);
    return (fields: Record<string, unknown>) => {
      const value = valueAt(fields, path);
      if (regular) return (typeof value === 'string' || typeof value === 'number') && regular.test(String(value));
      return value === expected;
    };
  });
  return (fields) => tests.every((test) => test(fields));
}

/** A field of this very name, or a nested one: `err.type`. */
function valueAt(fields: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path];
  let value: unknown = fields;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function objectOf(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
