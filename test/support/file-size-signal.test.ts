import { execa } from 'execa';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-file-size-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process that has run a child through execa, and then writes more than its files may hold. */
const WRITER = `
import { writeFileSync } from 'node:fs';
if (process.env.SURVIVE) (await import(process.env.SURVIVE)).surviveFileSizeLimit();
const { execa } = await import('execa');
await execa('true');
await execa('prlimit', ['--pid', String(process.pid), '--fsize=100:']);
try {
  writeFileSync(process.env.FILE, Buffer.alloc(1000));
} catch (error) {
  console.log(error.code);
}`;

describe('a limit on the size of files', () => {
  const write = async (env: Record<string, string>) =>
    execa(process.execPath, ['--input-type=module', '-e', WRITER], {
      reject: false,
      env: { FILE: join(folder, 'file'), ...env },
    });

  it('is an error of the write, also after a library has listened to its signal and stopped', async () => {
    const { stdout, signal } = await write({ SURVIVE: resolve('dist/support/file-size-signal.js') });
    expect(signal).toBeUndefined();
    expect(stdout).toBe('EFBIG');
    expect(statSync(join(folder, 'file')).size).toBe(100);
  });

  it('would else end the process, which is why the listener is there', async () => {
    expect(await write({})).toMatchObject({ stdout: '', signal: 'SIGXFSZ' });
  });
});
