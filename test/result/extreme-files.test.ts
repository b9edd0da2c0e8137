import { mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/command.js';
import judgeCommand from '../../src/commands/judge.js';
import { CHUNK, CHUNK_HEADER_BYTES } from '../../src/record/arrivals-format.js';
import { messageOf } from '../../src/support/errors.js';
import { exitCodeOf } from '../../src/support/exit-code.js';
import type { Slo } from '../../src/verdict/slo.js';
import { generateRun, p95Slo, slo, type GeneratedRun } from './generated-run.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'plimsoll-extreme-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What `plimsoll judge` prints and exits with. */
async function judged(folder: string): Promise<{ exit: number; said: string }> {
  let said = '';
  let exit = 0;
  const hear = (text: string): void => void (said += text);
  const context: Partial<CommandContext> = {
    out: hear,
    err: hear,
    setExitCode: (code) => (exit = code),
    cwd: root,
    env: {},
    terminal: { isTerminal: false, columns: 80, colour: false },
    colourOut: false,
    commandLine: 'plimsoll judge',
  };
  const program = new Command().exitOverride();
  judgeCommand.register(program, context as CommandContext);
  try {
    await program.parseAsync(['judge', folder], { from: 'user' });
  } catch (error) {
    exit = exitCodeOf(error);
    said += messageOf(error);
  }
  return { exit, said };
}

type Options = Omit<GeneratedRun, 'folder'>;
interface Case {
  name: string;
  run?: Options;
  /** Changes the files by hand. */
  by?: (paths: { events: string; arrivals: string }) => void;
  exit: 0 | 1 | 2 | 3 | 4;
  says: RegExp;
}

const relative: Slo = p95Slo({ name: 'p95 relative', tolerances: [{ type: 'relative', value: 0.1 }] });
const bytesOf = (path: string, change: (bytes: Buffer) => void): void => {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
};
const headerEnd = (bytes: Buffer): number => 16 + bytes.readUInt32LE(8);
/** Rewrites the first chunk's header and columns, with a checksum that holds: by somebody who knows the format. */
const forged = (path: string, change: (chunk: Buffer, count: number) => void): void =>
  bytesOf(path, (bytes) => {
    const start = headerEnd(bytes);
    const count = bytes.readUInt32LE(start + CHUNK.count);
    const chunk = bytes.subarray(start, start + CHUNK_HEADER_BYTES + count * 16);
    change(chunk, count);
    const checksum = crc32(chunk.subarray(CHUNK_HEADER_BYTES), crc32(chunk.subarray(0, CHUNK.crc)));
    chunk.writeUInt32LE(checksum, CHUNK.crc);
  });
const lines = (path: string, change: (line: string, k: number) => string): void =>
  writeFileSync(path, readFileSync(path, 'utf8').split('\n').map(change).join('\n'));
const many = (count: number, over: (k: number) => Partial<Slo>): Slo[] =>
  Array.from({ length: count }, (_, k) => p95Slo({ name: `p95 no. ${k}`, ...over(k) }));

const LOST = /ERRORED.*(a part of the recorded arrivals is lost|arrivals were scheduled)/;

const CASES: Case[] = [
  { name: 'an empty arrivals file', by: ({ arrivals }) => truncateSync(arrivals, 0), exit: 3, says: LOST },
  {
    name: 'a header and nothing else',
    by: ({ arrivals }) => truncateSync(arrivals, headerEnd(readFileSync(arrivals))),
    exit: 3,
    says: LOST,
  },
  { name: 'one record', run: { arrival: (one, i) => (i === 700 ? one : undefined) }, exit: 3, says: LOST },
  {
    name: 'cut in the middle of a record',
    by: ({ arrivals }) => truncateSync(arrivals, readFileSync(arrivals).length - 7),
    exit: 3,
    says: LOST,
  },
  {
    name: 'a flipped byte in a column',
    by: ({ arrivals }) => bytesOf(arrivals, (bytes) => (bytes[30_000] = (bytes[30_000] ?? 0) ^ 0x10)),
    exit: 3,
    says: LOST,
  },
  {
    name: 'a flipped byte in the length of a chunk',
    by: ({ arrivals }) => bytesOf(arrivals, (bytes) => (bytes[headerEnd(bytes) + CHUNK.count] = 0xff)),
    exit: 3,
    says: LOST,
  },
  { name: 'no arrivals file', by: ({ arrivals }) => unlinkSync(arrivals), exit: 3, says: /nothing to judge/ },
  {
    name: 'arrivals from the future',
    by: ({ arrivals }) =>
      bytesOf(arrivals, (bytes) => {
        const json = bytes.subarray(16, headerEnd(bytes));
        json.set(Buffer.from(json.toString().replace('"formatVersion":1', '"formatVersion":9')));
        bytes.writeUInt32LE(crc32(json), 12);
      }),
    exit: 2,
    says: /format version 9; this Plimsoll reads versions up to 1/,
  },
  {
    name: 'events from the future',
    by: ({ events }) => lines(events, (line, k) => (k === 40 ? line.replace('"v":1', '"v":7') : line)),
    exit: 2,
    says: /line 41 has the format version 7/,
  },
  { name: 'an empty event log', by: ({ events }) => truncateSync(events, 0), exit: 3, says: /killed/ },
  {
    name: 'an event log cut in the middle of the fault',
    by: ({ events }) => truncateSync(events, Math.floor(readFileSync(events).length * 0.6)),
    // Whoever was killed then has put nothing back.
    exit: 4,
    says: /killed/,
  },
  {
    name: 'a plan whose SLO nobody can read',
    by: ({ events }) => lines(events, (line) => line.replace('"severity":"critical"', '"severity":"deadly"')),
    exit: 3,
    says: /SLO can't be read/,
  },
  {
    name: 'every latency the same',
    run: { addedMs: 0, arrival: (one) => ({ ...one, responseUs: 20_000 }) },
    exit: 0,
    says: /PASSED/,
  },
  {
    name: 'every latency zero, a tolerance that is relative',
    run: { slos: [relative], arrival: (one) => ({ ...one, responseUs: 0 }) },
    exit: 3,
    says: /INCONCLUSIVE/,
  },
  {
    name: 'every second second without a record',
    run: { arrival: (one) => (Math.floor(one.dueUs / 1e6) % 2 === 0 ? one : undefined) },
    exit: 3,
    says: LOST,
  },
  {
    name: 'nothing but errors',
    run: { arrival: (one) => ({ ...one, outcome: 'refused', status: 0 }) },
    exit: 3,
    says: /baseline itself breaks the objective/,
  },
  {
    name: 'nothing but errors under the fault',
    run: {
      arrival: (one) => (one.dueUs > 23.2e6 && one.dueUs < 43e6 ? { ...one, outcome: 'refused', status: 0 } : one),
    },
    exit: 1,
    says: /FAILED/,
  },
  {
    name: 'an SLO on a stream that is not there',
    run: { slos: [slo({ stream: 'nobody' })] },
    exit: 3,
    says: /no arrival of this SLO/,
  },
  {
    name: 'a request that nobody sent',
    run: { slos: [p95Slo({ request: 'look' })], arrival: (one) => ({ ...one, request: 0 }) },
    exit: 3,
    says: /no arrival of this SLO/,
  },
  ...([NaN, Infinity, -Infinity, 1e18, -1e15] as const).map((base): Case => ({
    name: `a chunk whose time is ${base}`,
    by: ({ arrivals }) => forged(arrivals, (chunk) => chunk.writeDoubleLE(base, CHUNK.baseUs)),
    exit: 3,
    says: LOST,
  })),
  {
    name: 'a latency of minus one microsecond',
    run: { slos: [p95Slo({ tolerances: [], objective: { op: '<=', value: 3600, during: 'fault' } })] },
    by: ({ arrivals }) => forged(arrivals, (chunk, count) => chunk.writeInt32LE(-1, CHUNK_HEADER_BYTES + count * 8)),
    // As an unsigned number that is 71 minutes, in the warm-up: slow, and never faster than fast.
    exit: 0,
    says: /PASSED/,
  },
  {
    name: 'an index far beyond the schedule',
    by: ({ arrivals }) => forged(arrivals, (chunk) => chunk.writeUInt32LE(0xffff_ffff, CHUNK_HEADER_BYTES)),
    exit: 3,
    says: /arrivals were scheduled/,
  },
  { name: 'thirty SLOs that hold', run: { addedMs: 50, slos: many(30, () => ({})) }, exit: 0, says: /PASSED/ },
  {
    name: 'thirty SLOs, one of them broken beyond doubt',
    run: { addedMs: 100, slos: many(30, (k) => (k === 17 ? { tolerances: [{ type: 'seconds', value: 0.01 }] } : {})) },
    exit: 1,
    says: /FAILED.*p95 no\. 17/,
  },
  {
    name: 'thirty SLOs, one of them without data',
    run: { addedMs: 50, slos: many(30, (k) => (k === 3 ? { stream: 'nobody' } : {})) },
    exit: 3,
    says: /INCONCLUSIVE.*p95 no\. 3/,
  },
];

describe('plimsoll judge on files that no run would leave behind', () => {
  it.each(CASES)('$name: exit $exit', async ({ run = {}, by, exit, says }) => {
    const folder = mkdtempSync(join(root, 'run-'));
    const paths = generateRun({ addedMs: 50, ...run, folder });
    by?.(paths);
    const found = await judged(folder);
    expect(found.said).toMatch(says);
    expect(found.exit).toBe(exit);
    expect(found.said).not.toMatch(/\bNaN\b|undefined|\[object|Infinity|TypeError|RangeError/);
    if (exit !== 0) expect(found.said).not.toMatch(/PASSED/);
  });
});
