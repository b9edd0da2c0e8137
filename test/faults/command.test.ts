import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redactData } from '../../src/record/redact.js';
import { shownRecord } from '../../src/record/undo.js';
import { Journal, readJournal } from '../../src/run/journal.js';
import { undoAll } from '../../src/run/undo-runner.js';
import { identityOf, isAlive, waitUntilGone } from '../../src/targets/process.js';
import { createTargets } from '../../src/targets/create-targets.js';
import { undo as carryOut } from '../../src/targets/undo.js';
import { inject, prepare } from './stage.js';

const targets = createTargets({ runId: 'run1', links: [], services: [] });
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-command-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const flag = () => join(folder, 'flag');
const command = async (more: Record<string, unknown> = {}) =>
  prepare(
    'command',
    { inject: 'touch flag', undo: 'rm -f flag', prove: 'test -e flag', directory: folder, ...more },
    targets,
  );

/** As the conductor does it. */
async function undoIt(fault: Awaited<ReturnType<typeof command>>, orphaned = false) {
  return undoAll(fault.undo, { orphaned, onDone: () => undefined, onFailed: () => undefined });
}

/** A process that a command left behind wrote its pid down. */
async function pidIn(file: string): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (text !== '') return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${file} names no pid`);
}

describe.skipIf(process.platform !== 'linux')('command', () => {
  it('injects, proves, undoes, and proves that it is gone, with nothing but the exit codes of commands', async () => {
    const fault = await command();
    expect(fault.summary).toBe('run touch flag');
    expect(existsSync(flag())).toBe(false);
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { exitCode: 0 } });
    expect(existsSync(flag())).toBe(true);
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect((await undoIt(fault)).failed).toEqual([]);
    expect(existsSync(flag())).toBe(false);
    expect(await fault.proveUndone()).toMatchObject({ status: 'confirmed' });
    expect((await undoIt(fault)).failed).toEqual([]);
  });

  it('is looked at by whoever undoes it after the death of the run, too', async () => {
    const findings: (string | undefined)[] = [];
    const asTheWatchdog = async (fault: Awaited<ReturnType<typeof command>>) =>
      undoAll(fault.undo, {
        orphaned: true,
        onDone: (_, { finding }) => findings.push(finding),
        onFailed: () => undefined,
      });
    const fault = await command();
    await inject(fault);
    expect(await asTheWatchdog(fault)).toMatchObject({ failed: [] });
    expect(findings.splice(0)).toEqual([expect.stringMatching(/^`test -e flag` ended with exit code 1 after /)]);

    const forgetful = await command({ undo: 'true' });
    await inject(forgetful);
    const { failed } = await asTheWatchdog(forgetful);
    expect(failed[0]?.message).toMatch(
      /^the undo command was carried out, but what it .* is still there: `test -e flag` /,
    );
    expect(await asTheWatchdog(await command({ undo: 'true', proveUndone: 'test -e flag' }))).toMatchObject({
      failed: [],
    });
    // A look that says nothing is no evidence for anything.
    expect(await asTheWatchdog(await command({ proveUndone: 'not-there-at-all' }))).toMatchObject({ failed: [] });
    expect(findings).toEqual([expect.stringContaining('exit code 0'), undefined]);
  });

  it('says mismatch where prove does, unknown where nothing measures or the measurement itself fails', async () => {
    const notThere = await command({ inject: 'true' });
    expect(await inject(notThere)).toMatchObject({ status: 'mismatch', measured: { exitCode: 1 } });

    const unmeasured = await prepare('command', { inject: 'echo hello', undo: 'true' }, targets);
    expect(await inject(unmeasured)).toMatchObject({ status: 'unknown', finding: expect.stringContaining('hello') });
    expect(await unmeasured.proveUndone()).toMatchObject({ status: 'unknown' });

    for (const prove of [{ run: 'sleep 20', timeLimit: '100ms' }, 'no-such-program-here']) {
      const fault = await command({ prove, proveUndone: prove });
      expect(await inject(fault)).toMatchObject({ status: 'unknown' });
      expect(await fault.proveUndone()).toMatchObject({ status: 'unknown' });
    }
    const stillThere = await command({ proveUndone: 'test ! -e flag', undo: 'true' });
    await inject(stillThere);
    await undoIt(stillThere);
    expect(await stillThere.proveUndone()).toMatchObject({ status: 'mismatch' });
  });

  it('uses no shell unless one is named', async () => {
    const plain = await command({ inject: 'touch flag && touch other;' });
    await inject(plain).catch(() => undefined);
    expect(existsSync(join(folder, '&&'))).toBe(true);
    const shell = await command({ inject: `sh -c 'echo "$MOOD" > mood'`, undo: 'true', environment: { MOOD: 'calm' } });
    await inject(shell);
    expect(readFileSync(join(folder, 'mood'), 'utf8')).toBe('calm\n');
  });

  it('fails when inject fails or cannot be started, and what it had done can be undone', async () => {
    writeFileSync(join(folder, 'half.sh'), 'touch flag; echo no more >&2; exit 7');
    const half = await command({ inject: 'sh half.sh' });
    await expect(inject(half)).rejects.toMatchObject({
      code: 'injection_failed',
      message: expect.stringMatching(/exit code 7 .*no more/s),
    });
    expect(existsSync(flag())).toBe(true);
    expect((await undoIt(half)).failed).toEqual([]);
    expect(existsSync(flag())).toBe(false);
    await expect(inject(await command({ inject: 'no-such-program-here' }))).rejects.toMatchObject({
      code: 'cannot_start',
    });
    await expect(inject(await command({ directory: join(folder, 'nowhere') }))).rejects.toMatchObject({
      code: 'cannot_start',
    });
  });

  it('kills the whole group at the time limit and when the run is stopped', async () => {
    writeFileSync(join(folder, 'slow.sh'), 'sleep 60 & echo $! > pid; wait');
    const late = await command({ inject: { run: 'sh slow.sh', timeLimit: '700ms' } });
    await expect(inject(late)).rejects.toThrow(/killed at its time limit/);
    const first = identityOf(await pidIn(join(folder, 'pid')));
    expect(first === undefined || (await waitUntilGone(first, 2000))).toBe(true);

    rmSync(join(folder, 'pid'));
    const stopped = await command({ inject: 'sh slow.sh' });
    const abort = new AbortController();
    const injecting = stopped.inject(abort.signal);
    const child = identityOf(await pidIn(join(folder, 'pid')));
    abort.abort(new Error('stopped'));
    await expect(injecting).rejects.toThrow('stopped');
    expect(child && (await waitUntilGone(child, 2000))).toBe(true);
  });

  it('waits for the command only, not for what it leaves behind', async () => {
    writeFileSync(join(folder, 'daemon.sh'), 'sleep 60 & echo $! > pid');
    const fault = await command({ inject: 'sh daemon.sh', prove: 'true' });
    const began = performance.now();
    await inject(fault);
    expect(performance.now() - began).toBeLessThan(8000);
    const daemon = identityOf(await pidIn(join(folder, 'pid')));
    expect(daemon && isAlive(daemon)).toBe(true);
    if (daemon) process.kill(daemon.pid, 'SIGKILL');
  });

  it('shows the beginning and the end of a long output', async () => {
    const fault = await command({ prove: 'seq 1 200000' });
    const proof = await inject(fault);
    const output = String(proof.measured['output']);
    expect(output.length).toBeLessThan(5000);
    expect(output).toMatch(/^1\n2\n.*characters left out.*\n200000$/s);
  });

  it('masks secrets in whatever is shown, and keeps them for the undo in a journal that only its owner reads', async () => {
    const secrets = { DB_PASSWORD: 'open-sesame', SIGNING_KEY: 'k3y-material', MOOD: 'calm' };
    const fault = await command({
      inject: 'true',
      undo: 'sh -c env',
      prove: 'sh -c env',
      environment: { ...secrets, DB: 'postgres://me:hush-hush@db/x' },
    });
    const proof = await inject(fault);
    const [record] = fault.undo;
    if (record?.kind !== 'run-command') throw new Error('another record');
    const settings = redactData({ environment: secrets });
    const shown = JSON.stringify([proof, shownRecord(record), record.words, record.byHand, settings]);
    expect(shown).toContain('calm');
    for (const secret of ['open-sesame', 'k3y-material', 'hush-hush']) expect(shown).not.toContain(secret);

    const journal = Journal.create(folder);
    journal.willUndo(fault.undo);
    journal.close();
    expect(statSync(journal.path).mode & 0o777).toBe(0o600);
    expect(readJournal(journal.path).pending).toMatchObject([{ environment: secrets }]);
  });

  it('reports an undo that fails, with what it printed and what to do by hand', async () => {
    const fault = await command({ undo: 'ls not-there', environment: { API_TOKEN: 'abcdefgh' } });
    await inject(fault);
    const { failed } = await undoIt(fault);
    expect(failed).toMatchObject([
      { message: expect.stringMatching(/undo command ended with exit code 2 .*not-there/s) },
    ]);
    expect(failed[0]?.record.byHand).toBe(`cd ${folder} && API_TOKEN=‹masked› ls not-there`);

    const slow = await command({ undo: { run: 'sleep 60', timeLimit: '200ms' } });
    expect((await undoIt(slow)).failed).toMatchObject([{ message: expect.stringMatching(/200 ms|time limit/) }]);
  });

  it('ends an injection that outlived its run before it undoes', async () => {
    writeFileSync(join(folder, 'slow.sh'), 'echo $$ > pid; sleep 2; touch flag');
    const fault = await command({ inject: 'sh slow.sh' });
    const [record] = fault.undo;
    if (record?.kind !== 'run-command') throw new Error('another record');
    const [name = '', value = ''] = record.injectMarker.split('=');
    // As after `kill -9` of the conductor: nobody waits for it any more.
    spawn('sh', ['slow.sh'], { cwd: folder, env: { ...process.env, [name]: value }, detached: true, stdio: 'ignore' });
    const injecting = identityOf(await pidIn(join(folder, 'pid')));
    await carryOut(record, undefined, { orphaned: true });
    expect(injecting && isAlive(injecting)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(existsSync(flag())).toBe(false);
  });
});
