import { randomBytes } from 'node:crypto';
import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { diskRoom, spaceOf } from '../../targets/disk.js';
import { memoryBounds, memoryRoom } from '../../targets/memory.js';
import { messageOf } from '../../support/errors.js';
import { formatBytes } from '../../support/units.js';
import { BLOCK_BYTES, ENOUGH, Filler } from './stress-blocks.js';

/** Between two looks at what is left, while it is held. */
const LOOK_EACH_MS = 100;
/** So much at most waits in memory to be written: a longer queue would be in everybody's way, and its end far off. */
const SYNC_EACH_BYTES = 16 * BLOCK_BYTES;
/** Not among Node.js's constants: a file without a name. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

export interface DiskFilling {
  folder: string;
  bytes: number;
  /** The disk that it is meant for, by the number of its device. */
  device: number;
  /** What is written is held in memory, whose reserve is then kept too. */
  isMemory: boolean;
}

/**
 * Writes so much into a file that has no name, so that it is gone with this process, and holds it. It never takes what
 * the reserve needs: short of room while it grows, it gives up; while it holds, it gives back at once, for good.
 *
 * @param say gets `file <descriptor>`, `holding`, `failed: …`, and `gave back <bytes in all>`.
 */
export async function holdDisk(filling: DiskFilling, say: (line: string) => void): Promise<void> {
  const { folder, bytes, device } = filling;
  const filler = new Filler();
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  const fail = (why: string): never => {
    say(`failed: ${why}`);
    process.exit(1);
  };
  let held = 0;
  try {
    const file = openNameless(folder);
    if (fstatSync(file).dev !== device) fail(`another file system is mounted at ${folder} now`);
    say(`file ${file}`);
    while (held < bytes) {
      const size = Math.min(BLOCK_BYTES, bytes - held);
      const { roomBytes, where } = room(filling);
      if (roomBytes < size) {
        if (held >= ENOUGH * bytes) break;
        fail(`${formatBytes(held)} of ${formatBytes(bytes)} were written, more would touch the last 5 % of ${where}`);
      }
      held += writeSync(file, filler.fill(block), 0, size, held);
      // Lets the end of stdin be heard between two pieces.
      if (held % SYNC_EACH_BYTES < BLOCK_BYTES) await promisify(fdatasync)(file);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await promisify(fdatasync)(file);
    const grown = held;
    say('holding');
    setInterval(() => {
      const short = -room(filling).roomBytes;
      if (short <= 0 || held === 0) return;
      held = Math.max(0, held - Math.ceil(short / BLOCK_BYTES) * BLOCK_BYTES);
      ftruncateSync(file, held);
      say(`gave back ${grown - held}`);
    }, LOOK_EACH_MS);
  } catch (error) {
    fail(`${messageOf(error)} (${formatBytes(held)} of ${formatBytes(bytes)} were written)`);
  }
}

function room({ folder, isMemory }: DiskFilling): { roomBytes: number; where: string } {
  const disk = { roomBytes: diskRoom(spaceOf(folder)), where: `the file system of ${folder}` };
  const memory = isMemory ? memoryRoom(memoryBounds()) : undefined;
  return memory && memory.roomBytes < disk.roomBytes ? memory : disk;
}

/** Where the file system knows no files without a name, it bears one for a moment: an empty file is all that could stay. */
function openNameless(folder: string): number {
  try {
    return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch {
    const path = join(folder, `.plimsoll-${process.pid}-${randomBytes(6).toString('hex')}`);
    const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600);
    try {
      unlinkSync(path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return file;
  }
}
