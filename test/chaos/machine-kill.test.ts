import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recover } from '../../src/run/recover.js';
import { listActive } from '../../src/run/register.js';
import { identityOf, isAlive, waitUntilGone } from '../../src/targets/process.js';

const CONDUCTOR = fileURLToPath(new URL('./fault-conductor.js', import.meta.url));
const SOON = { timeout: 15_000, interval: 100 };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-chaos-'));
  process.env['XDG_STATE_HOME'] = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FAULTS = [
  { type: 'memory-stress', settings: () => ({ size: '32MB' }) },
  { type: 'disk-fill', settings: () => ({ path: folder, size: '16MB', allowRootDisk: true }) },
];

describe.skipIf(process.platform !== 'linux')('kill -9 while this machine is hurt', () => {
  it.each(FAULTS)(
    '$type: gone with the conductor, though the watchdog was killed before it',
    { timeout: 60_000 },
    async ({ type, settings }) => {
      const run = await startConductor(type, settings());
      process.kill(run.watchdogPid, 'SIGKILL');
      await expect.poll(() => identityOf(run.watchdogPid), SOON).toBeUndefined();
      expect(isAlive(run.helper)).toBe(true);
      run.conductor.kill('SIGKILL');
      expect(await waitUntilGone(run.helper, 5000)).toBe(true);
      // What is gone already is done.
      const { undone, failed } = await recover({ log: () => undefined });
      expect({ undone: undone.length, failed }).toEqual({ undone: 1, failed: [] });
      expect(listActive()).toEqual([]);
    },
  );

  it.each(FAULTS)(
    '$type: the watchdog ends even a helper that cannot hear that its conductor is dead',
    { timeout: 60_000 },
    async ({ type, settings }) => {
      const run = await startConductor(type, settings());
      process.kill(run.helper.pid, 'SIGSTOP');
      run.conductor.kill('SIGKILL');
      expect(await waitUntilGone(run.helper, 10_000)).toBe(true);
      await expect.poll(() => listActive(), SOON).toEqual([]);
    },
  );
});

async function startConductor(type: string, settings: Record<string, unknown>) {
  const directory = join(folder, type);
  mkdirSync(directory);
  const conductor = spawn(process.execPath, [CONDUCTOR, JSON.stringify({ runId: type, directory, type, settings })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pids = new Map<string, number>();
  let last = 'nothing';
  for await (const line of createInterface({ input: conductor.stdout })) {
    last = line;
    const [, what = '', pid] = /^(watchdog|helper|owes) (\d+)$/.exec(line) ?? [];
    if (pid === undefined) break;
    pids.set(what, Number(pid));
  }
  expect(last).toBe('injected');
  const helper = identityOf(pids.get('helper') ?? 0);
  if (!helper) throw new Error('no helper');
  return { conductor, watchdogPid: pids.get('watchdog') ?? 0, helper };
}
