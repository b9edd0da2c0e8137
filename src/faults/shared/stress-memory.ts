import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryBounds, memoryRoom, type MemoryBound } from '../../targets/memory.js';
import { formatBytes } from '../../support/units.js';
import { BLOCK_BYTES, ENOUGH, Filler } from './stress-blocks.js';

/** Between two looks at what is left, while it is held. */
const LOOK_EACH_MS = 100;

/**
 * Takes so much memory, page by page, and holds it. It never takes what the reserve needs: short of room while it grows,
 * it gives up; while it holds, it gives back at once and does not take it again.
 *
 * @param say gets `holding`, `failed: …`, and `gave back <bytes in all>`.
 */
export function holdMemory(
  bytes: number,
  say: (line: string) => void,
  bounds: () => readonly MemoryBound[] = memoryBounds,
): void {
  beFirstToGo();
  const filler = new Filler();
  const blocks: Buffer[] = [];
  let held = 0;
  const grow = (): void => {
    const size = Math.min(BLOCK_BYTES, bytes - held);
    const { roomBytes, where } = memoryRoom(bounds());
    if (size <= 0 || (roomBytes < size && held >= ENOUGH * bytes)) {
      say('holding');
      hold();
      return;
    }
    if (roomBytes < size) {
      say(
        `failed: ${formatBytes(held)} of ${formatBytes(bytes)} were taken, more would touch the last 5 % of ${where}`,
      );
      process.exit(1);
    }
    blocks.push(filler.fill(Buffer.allocUnsafeSlow(size)));
    held += size;
    setImmediate(grow);
  };
  const hold = (): void => {
    const collect = collector();
    let givenBack = 0;
    setInterval(() => {
      const short = -memoryRoom(bounds()).roomBytes;
      if (short <= 0 || blocks.length === 0) return;
      const ended = blocks.splice(-Math.ceil(short / BLOCK_BYTES));
      givenBack += ended.reduce((sum, { length }) => sum + length, 0);
      ended.length = 0;
      collect();
      say(`gave back ${givenBack}`);
    }, LOOK_EACH_MS);
  };
  grow();
}

/** Should the memory run out all the same, the kernel shall kill this process and not a service. */
function beFirstToGo(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Then the kernel chooses by size.
  }
}

/** Memory that is not referenced any more goes back when garbage is collected, and that must be now. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
