import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../src/run/journal.js';
import { conflicts, listActive } from '../../src/run/register.js';
import { recover } from '../../src/run/recover.js';
import { fdLimitOf } from '../../src/targets/fd-limit.js';
import { identityOf } from '../../src/targets/process.js';
import { describeWith } from '../support/needs.js';
import { SERVERS } from '../targets/toxiproxy-servers.js';
import { campaign, setStage } from './campaign.js';

for (const { name, needs, start } of SERVERS) {
  describeWith(needs, `kill -9 of the conductor, faults on ${name}`, () => {
    it('leaves nothing behind and touches nobody else, with the watchdog alive or dead', { retry: 0 }, async () => {
      await using stage = await setStage(start);
      const tookMs = await campaign(stage, 6, 7);
      expect(tookMs).toHaveLength(4);
      expect(Math.max(...tookMs)).toBeLessThan(2000);
    });
  });
}

describe('what a killed conductor leaves', { retry: 0 }, () => {
  it('is undone at its deadline when the conductor lives but does nothing', async () => {
    await using stage = await setStage();
    const run = await stage.start('hangs', { hold: true, deadlineMs: 4000 });
    run.conductor.kill('SIGSTOP');
    // All threads of a process stop, one after another; it takes a moment on a busy machine.
    await expect
      .poll(async () => stage.left('hangs'), { timeout: 3000 })
      .toMatchObject({ toxics: ['plimsoll-hangs-f1'], victim: 'T' });
    await expect
      .poll(async () => stage.left('hangs'), { timeout: 6000 })
      .toMatchObject({ toxics: [], victim: 'S', helperAlive: true });
    run.conductor.kill('SIGKILL');
    await expect.poll(async () => stage.left('hangs'), { timeout: 3000 }).toMatchObject({ helperAlive: false });
    // The process is gone a moment before the watchdog has written that down.
    await expect
      .poll(() => readJournal(`${stage.folder}/hangs/journal.ndjson`), { timeout: 3000 })
      .toMatchObject({ pending: [], torn: false });
  });

  it('is undone although somebody has deleted the run directory', async () => {
    await using stage = await setStage();
    const run = await stage.start('deleted', { hold: true });
    rmSync(`${stage.folder}/deleted`, { recursive: true });
    run.conductor.kill('SIGKILL');
    await expect
      .poll(async () => stage.left('deleted'), { timeout: 5000 })
      .toEqual({ toxics: [], victim: 'S', helperAlive: false });
    await expect.poll(() => listActive(), { timeout: 5000 }).toEqual([]);
  });

  it('includes no limit of open files: the watchdog raises it, and after its death `recover` does', async () => {
    await using stage = await setStage();
    const victim = identityOf(stage.victim.pid ?? 0);
    if (!victim) throw new Error('no victim');
    const before = fdLimitOf(victim);
    for (const both of [false, true]) {
      const runId = `limit-${both ? 'both' : 'one'}`;
      const run = await stage.start(runId, { hold: true, fdLimit: 77 });
      expect(fdLimitOf(victim)).toEqual({ soft: 77, hard: before?.hard });
      if (both) process.kill(run.watchdogPid, 'SIGKILL');
      run.conductor.kill('SIGKILL');
      await run.exited;
      if (both) {
        await expect.poll(() => identityOf(run.watchdogPid)).toBeUndefined();
        expect(fdLimitOf(victim)?.soft).toBe(77);
        expect(await recover({ runId, log: () => undefined })).toMatchObject({ failed: [] });
      }
      await expect.poll(() => fdLimitOf(victim), { timeout: 5000 }).toEqual(before);
      await expect.poll(() => listActive(), { timeout: 5000 }).toEqual([]);
    }
  });

  it('is known to others: live with shared targets, or abandoned, it keeps a new run from starting', async () => {
    await using stage = await setStage();
    const run = await stage.start('first', { hold: true });
    expect(conflicts([`listening ${stage.listen}`])).toMatchObject([
      { state: 'live', shared: [`listening ${stage.listen}`] },
    ]);
    expect(conflicts(['listening 127.0.0.1:9'])).toEqual([]);
    await expect(recover({ runId: 'first', log: () => undefined })).rejects.toMatchObject({ code: 'run_is_live' });

    process.kill(run.watchdogPid, 'SIGKILL');
    run.conductor.kill('SIGKILL');
    await expect.poll(() => identityOf(run.watchdogPid) ?? identityOf(run.conductor.pid ?? 0)).toBeUndefined();
    expect(conflicts(['listening 127.0.0.1:9'])).toMatchObject([{ state: 'abandoned', shared: [] }]);
    const lines: string[] = [];
    await recover({ dryRun: true, log: (line) => lines.push(line) });
    expect(lines.join('\n')).toContain('would remove plimsoll-first-f1');
    expect(await stage.left('first')).toMatchObject({ toxics: ['plimsoll-first-f1'], victim: 'T', helperAlive: true });

    expect(await recover({ log: () => undefined })).toMatchObject({ failed: [] });
    expect(await stage.left('first')).toEqual({ toxics: [], victim: 'S', helperAlive: false });
    expect(listActive()).toEqual([]);
  });

  it('can be cleaned up by the run id alone when the files are lost', async () => {
    await using stage = await setStage();
    const run = await stage.start('lost', { hold: true });
    process.kill(run.watchdogPid, 'SIGKILL');
    run.conductor.kill('SIGKILL');
    process.env['XDG_STATE_HOME'] = `${stage.folder}/nothing-here`;
    await expect(recover({ toxiproxy: stage.api, log: () => undefined })).rejects.toMatchObject({
      code: 'run_id_needed',
    });
    const { undone } = await recover({ runId: 'lost', toxiproxy: stage.api, log: () => undefined });
    expect(undone).toEqual(['remove toxic plimsoll-lost-f1 from proxy link']);
    expect(await stage.left('lost')).toMatchObject({ toxics: [] });
    process.kill(run.helperPid, 'SIGKILL');
  });
});
