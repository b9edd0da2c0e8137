import { execFileSync } from 'node:child_process';
import { surviveFileSizeLimit } from '../../src/support/file-size-signal.js';

surviveFileSizeLimit();

/**
 * Runs `body`, which must be synchronous, with a limit on how long this process may make a file: a write over it is cut
 * short, the next fails with EFBIG, as on a disk that runs full.
 */
export function withFileSizeLimit(bytes: number, body: () => void): void {
  const limit = (value: string): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${value}:`]);
  };
  limit(String(bytes));
  try {
    body();
  } finally {
    limit('unlimited');
  }
}
