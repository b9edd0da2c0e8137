import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { memoryBounds, memoryRoom, memoryUpTo, residentBytesOf } from '../targets/memory.js';
import { PlimsollError } from '../support/errors.js';
import { formatBytes } from '../support/units.js';
import { defineFault } from './fault.js';
import { amountSettings, bytesToTake, type Amount } from './shared/amount.js';
import { HelperProcess, endRecord, proveHelpersGone } from './shared/helper-process.js';

/** Less than this would drown in what the helper needs for itself. */
const LEAST_BYTES = 16e6;
const settings = z.strictObject(amountSettings('memory', LEAST_BYTES));

/** Even a machine that swaps fills its memory at this pace. */
const SLOWEST_BYTES_PER_MS = 20_000;
const START_LIMIT_MS = 15_000;
/** What the helper may need beside what it holds: its heap grows a little while it works. */
const MOST_ABOVE_BYTES = 64e6;

export default defineFault({
  type: 'memory-stress',
  title: 'Memory stress',
  family: 'machine',
  description:
    'A process of our own takes memory on this machine and holds it, as does a leak, a large import or a neighbour on the same host. ' +
    'It shows what a service does when caches shrink, allocations fail or the machine swaps. ' +
    'What it takes can be neither compressed nor merged. The last 5 % stay free, of the machine and of each control group around Plimsoll: it looks before each piece and ten times a second while it holds, and gives back what gets tight, for good. ' +
    'Should memory run out all the same, the kernel ends this process first. It ends with the fault, and with Plimsoll however that ends. ' +
    "The memory is that of Plimsoll's own control group: in a container it fills the container's.",
  settings,
  duration: 'lasting',
  example: '- { type: memory-stress, size: 256MB, for: 10s }',
  refersTo: () => ({ links: [], services: [] }),
  async prepare(given, context) {
    const { bytes, where } = takeable(given);
    const what = `${formatBytes(bytes)} of memory`;
    let helper: HelperProcess | undefined;
    let restingBytes = 0;
    const undo: ReturnType<typeof endRecord>[] = [];
    return Promise.resolve({
      summary: `take ${what} on this machine and hold it`,
      targets: [{ kind: 'machine', name: 'this machine', detail: `${what} (bounded by ${where})` }],
      undo,
      undoWords: ['end the process that holds the memory'],
      async arm(signal) {
        helper = await HelperProcess.start('memory', { bytes }, signal);
        restingBytes = heldBy(helper) ?? 0;
        const timeLimitMs = 5000 + bytes / SLOWEST_BYTES_PER_MS;
        undo.push(endRecord(context.id, 0, helper, `end the process that holds ${what}`, timeLimitMs));
      },
      async inject(signal) {
        signal.throwIfAborted();
        helper?.go();
        await helper?.said(/^holding$/, START_LIMIT_MS + bytes / SLOWEST_BYTES_PER_MS, signal);
      },
      prove: async () => Promise.resolve(prove(helper, restingBytes, bytes)),
      async proveUndone() {
        const proof = await proveHelpersGone(helper ? [helper] : []);
        const givenBack = Number(helper?.lastLine(GAVE_BACK)?.[1] ?? 0);
        if (givenBack === 0) return proof;
        return {
          ...proof,
          finding: `${proof.finding}; while it held the memory it had to give back ${formatBytes(givenBack)}, since less than 5 % was left`,
          measured: { ...proof.measured, gaveBackBytes: givenBack },
        };
      },
    });
  },
});

const GAVE_BACK = /^gave back (\d+)$/;

/** @throws PlimsollError `no_proc`, and those of `bytesToTake` */
function takeable(amount: Amount): { bytes: number; where: string } {
  const bounds = memoryBounds();
  if (bounds.length === 0) {
    throw new PlimsollError({
      code: 'no_proc',
      message: `memory-stress cannot see how much memory is left on ${process.platform}: there is no /proc/meminfo`,
      hint: 'It needs Linux; `plimsoll doctor` lists what works here.',
      kind: 'usage',
    });
  }
  const room = memoryRoom(bounds);
  const bytes = bytesToTake('memory-stress', amount, LEAST_BYTES, {
    ...room,
    upTo: (share) => memoryUpTo(bounds, share),
  });
  return { bytes, where: room.where };
}

function heldBy({ identity }: HelperProcess): number | undefined {
  const now = residentBytesOf(identity.pid);
  return now && now.ramBytes + now.swapBytes;
}

/** By how much the helper has grown, in RAM and in swap, since it stood ready. */
function prove(helper: HelperProcess | undefined, restingBytes: number, bytes: number): Proof {
  const now = helper && residentBytesOf(helper.identity.pid);
  const givenBack = Number(helper?.lastLine(GAVE_BACK)?.[1] ?? 0);
  const grownBytes = now ? now.ramBytes + now.swapBytes - restingBytes : 0;
  const fits = now !== undefined && grownBytes >= 0.95 * bytes && grownBytes <= bytes + MOST_ABOVE_BYTES;
  return {
    status: fits ? 'confirmed' : 'mismatch',
    method: 'resident and swapped memory of the helper process in /proc',
    finding: !now
      ? `the helper process is gone: ${helper?.lastWord ?? 'it was not started'}`
      : `${formatBytes(grownBytes)} taken${now.swapBytes > 0 ? `, ${formatBytes(now.swapBytes)} of it swapped out` : ''}, ${formatBytes(bytes)} stated` +
        (givenBack > 0 ? `; ${formatBytes(givenBack)} were given back, since less than 5 % was left` : ''),
    measured: { takenBytes: grownBytes, statedBytes: bytes, swappedBytes: now?.swapBytes ?? 0 },
  };
}
