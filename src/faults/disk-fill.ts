import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { diskAt, diskRoom, diskUpTo, spaceOf, type Disk } from '../targets/disk.js';
import { memoryBounds, memoryRoom } from '../targets/memory.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { formatBytes, formatRatio } from '../support/units.js';
import { defineFault } from './fault.js';
import { amountSettings, bytesToTake } from './shared/amount.js';
import { HelperProcess, endRecord, proveHelpersGone } from './shared/helper-process.js';

/** Less than this drowns in what everybody else writes. */
const LEAST_BYTES = 1e6;
const settings = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('A folder on the disk that is filled; relative to where Plimsoll was started. Nothing is seen in it'),
  ...amountSettings('disk', LEAST_BYTES),
  allowRootDisk: z
    .boolean()
    .default(false)
    .describe("May it be the disk of the machine's root folder? Everything on the machine writes there"),
});

/** Even a slow disk writes at this pace. */
const SLOWEST_BYTES_PER_MS = 5000;
/** And frees what is written at this one. */
const SLOWEST_FREEING_BYTES_PER_MS = 100_000;
const START_LIMIT_MS = 15_000;
/** File systems free space a little after a file is gone. */
const FREED_LIMIT_MS = 5000;

export default defineFault({
  type: 'disk-fill',
  title: 'Full disk',
  family: 'machine',
  description:
    'A process of our own writes into a file without a name until a disk of this machine is as full as you say, as logs, uploads or dumps do. ' +
    'It shows whether a service that cannot write says so, goes on with what needs no disk, and recovers when there is room again. ' +
    'The last 5 % stay free: it looks before each piece and ten times a second while it holds, and gives back what gets tight, for good. ' +
    'For a service that fails only when nothing at all is left, give it a small disk of its own. ' +
    'On a tmpfs the last 5 % of the memory stay free too. Disks of other hosts are refused, and so is the disk of the root folder without `allowRootDisk`. ' +
    'The file is gone with its process, which ends with the fault, and with Plimsoll however that ends.',
  settings,
  duration: 'lasting',
  example: '- { type: disk-fill, path: /var/lib/my-service, upTo: 95%, for: 10s }',
  refersTo: () => ({ links: [], services: [] }),
  async prepare(given, context) {
    const disk = diskAt(resolve(given.path));
    if (disk.isRoot && !given.allowRootDisk) throw rootDisk(given.path, disk);
    const bytes = bytesToTake('disk-fill', given, LEAST_BYTES, roomOn(disk));
    const name = `${disk.type} at ${disk.point}`;
    const what = `${formatBytes(bytes)} of ${name}`;
    let helper: HelperProcess | undefined;
    let beforeBytes = 0;
    let filledBytes = 0;
    const undo: ReturnType<typeof endRecord>[] = [];
    return Promise.resolve({
      summary: `fill ${what} (${used(disk)} in use) through ${disk.folder}`,
      targets: [{ kind: 'machine', name: 'this machine', detail: `the disk ${name}` }],
      undo,
      undoWords: ['end the process that holds the file: it has no name, and is gone with it'],
      async arm(signal) {
        const { folder, device, isMemory } = disk;
        helper = await HelperProcess.start('disk', { folder, bytes, device, isMemory }, signal);
        const timeLimitMs = 5000 + bytes / SLOWEST_FREEING_BYTES_PER_MS;
        undo.push(endRecord(context.id, 0, helper, `end the process that fills ${what}`, timeLimitMs));
      },
      async inject(signal) {
        signal.throwIfAborted();
        beforeBytes = spaceOf(disk.folder).availableBytes;
        helper?.go();
        await helper?.said(/^holding$/, START_LIMIT_MS + bytes / SLOWEST_BYTES_PER_MS, signal);
      },
      async prove() {
        const proof = prove(helper, disk, beforeBytes, bytes);
        filledBytes = spaceOf(disk.folder).availableBytes;
        return Promise.resolve(proof);
      },
      async proveUndone() {
        const proof = await proveHelpersGone(helper ? [helper] : []);
        if (proof.status !== 'confirmed') return proof;
        const freed = await waitUntilFreed(disk, filledBytes + bytes / 2);
        const givenBack = givenBackBy(helper);
        return {
          ...proof,
          method: `${proof.method}; free space`,
          finding:
            `${proof.finding}, and with it its file; ${formatBytes(freed)} are free on the disk, ${formatBytes(filledBytes)} while it was filled` +
            (givenBack > 0
              ? `; ${formatBytes(givenBack)} had to be given back before, since less than 5 % was left`
              : ''),
          measured: {
            ...proof.measured,
            freeBytes: freed,
            freeWhileFilledBytes: filledBytes,
            gaveBackBytes: givenBack,
          },
        };
      },
    });
  },
});

function roomOn({ folder, isMemory, type, point }: Disk) {
  const space = spaceOf(folder);
  const disk = { roomBytes: diskRoom(space), where: `${type} at ${point}` };
  const memory = memoryRoom(isMemory ? memoryBounds() : []);
  return {
    ...(memory.roomBytes < disk.roomBytes ? memory : disk),
    upTo: (share: number) => diskUpTo(space, share),
  };
}

/** The file itself, and what is left on the disk. */
function prove(helper: HelperProcess | undefined, disk: Disk, beforeBytes: number, bytes: number): Proof {
  const written = allocatedBy(helper);
  const dropBytes = beforeBytes - spaceOf(disk.folder).availableBytes;
  const isThere = written !== undefined && written >= 0.95 * bytes;
  const shows = dropBytes >= bytes / 2;
  const file =
    written === undefined ? `no file: ${helper?.lastWord ?? 'not started'}` : `${formatBytes(written)} written`;
  return {
    status: !isThere ? 'mismatch' : shows ? 'confirmed' : 'unknown',
    method: 'blocks of the file, and free space on the disk before and after',
    finding:
      `${file}, ${formatBytes(bytes)} stated; the disk has ${formatBytes(Math.abs(dropBytes))} ${dropBytes >= 0 ? 'less' : 'more'} free than before, and is ${used(disk)} in use` +
      (isThere && !shows ? ': somebody else made room, or it makes what is written smaller' : ''),
    measured: { writtenBytes: written ?? 0, statedBytes: bytes, freeBeforeBytes: beforeBytes, dropBytes },
  };
}

/** Space that the helper's file has, as the kernel shows it; undefined where there is none. */
function allocatedBy(helper: HelperProcess | undefined): number | undefined {
  const file = helper?.lastLine(/^file (\d+)$/)?.[1];
  if (!helper || file === undefined) return undefined;
  try {
    return statSync(`/proc/${helper.identity.pid}/fd/${file}`).blocks * 512;
  } catch {
    return undefined;
  }
}

function givenBackBy(helper: HelperProcess | undefined): number {
  return Number(helper?.lastLine(/^gave back (\d+)$/)?.[1] ?? 0);
}

async function waitUntilFreed({ folder }: Disk, wantedBytes: number): Promise<number> {
  const untilUs = systemClock.nowUs() + FREED_LIMIT_MS * 1000;
  for (;;) {
    const { availableBytes } = spaceOf(folder);
    if (availableBytes >= wantedBytes || systemClock.nowUs() >= untilUs) return availableBytes;
    await systemClock.sleep(50);
  }
}

function used({ folder }: Disk): string {
  const { totalBytes, availableBytes } = spaceOf(folder);
  return formatRatio(1 - availableBytes / totalBytes, 1);
}

function rootDisk(path: string, { type, point }: Disk): PlimsollError {
  return new PlimsollError({
    code: 'root_disk',
    message: `${path} is on the disk of the machine's root folder (${type} at ${point}): filling it would hurt everything on this machine`,
    hint: 'Name a folder on another disk, or write `allowRootDisk: true` if that is what you want to know.',
    kind: 'usage',
  });
}
