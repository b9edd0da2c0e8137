/**
 * A write beyond the limit on the size of files (`ulimit -f`) fails with EFBIG, which is told like a full disk. The signal
 * that comes with it, SIGXFSZ, would end the process: Node.js ignores it, but a library that listens to all ending signals
 * while it has children, as execa does, leaves the system's default behind when it stops listening. A listener of our own
 * that stays keeps that from happening; it must be there before the library's.
 */
export function surviveFileSizeLimit(): void {
  if (process.platform === 'win32') return;
  process.on('SIGXFSZ', () => undefined);
}
