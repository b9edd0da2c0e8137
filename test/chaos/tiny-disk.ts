import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Trouble } from './whole-campaign.js';

const SIZE_MB = 4;

/** A file system in memory that holds little, in a folder of its own, and how to fill it up to the last byte. */
export function tinyDisk(folder: string): Trouble & Disposable {
  const mountPoint = join(folder, 'tiny-disk');
  mkdirSync(mountPoint);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'plimsoll-test', mountPoint]);
  const filler = join(mountPoint, 'filler');
  return {
    runsRoot: join(mountPoint, 'runs'),
    begin() {
      const file = openSync(filler, 'a');
      // Down to single bytes: a line of the journal is shorter than a page.
      for (let size = 1 << 16; size > 0; size >>= 1) {
        try {
          for (;;) writeSync(file, Buffer.alloc(size));
        } catch {
          // No room for so much.
        }
      }
      closeSync(file);
    },
    end: () => rmSync(filler, { force: true }),
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', mountPoint]),
  };
}
