import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createTargets } from '../../src/targets/create-targets.js';
import { cpuTimeMsOf } from '../../src/targets/machine.js';
import { identityOf, isAlive, stateOf, waitUntilGone } from '../../src/targets/process.js';
import type { UndoRecord } from '../../src/record/undo.js';
import { HelperProcess } from '../../src/faults/shared/helper-process.js';
import { inject, prepare, undo } from './stage.js';

const targets = createTargets({ runId: 'run1', links: [], services: [] });

function processOf(record: UndoRecord | undefined) {
  if (record?.kind !== 'end-helper') throw new Error('another record');
  return record.process;
}

describe.skipIf(process.platform !== 'linux')('cpu-stress', () => {
  it('uses up its share, is measured by the kernel, and ends', async () => {
    const fault = await prepare('cpu-stress', { share: '40%' }, targets);
    expect(fault.summary).toBe('use up 40 % of one core of this machine');
    expect(fault.undo).toEqual([]);
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { statedShare: 0.4 } });
    expect(fault.undo).toHaveLength(1);
    const helper = processOf(fault.undo[0]);
    expect(isAlive(helper)).toBe(true);
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { alive: 0, started: 1 } });
    expect(isAlive(helper)).toBe(false);
  });

  it('never takes more than its share over a few seconds, however small', async () => {
    const fault = await prepare('cpu-stress', { share: '10%' }, targets);
    await inject(fault);
    const { pid } = processOf(fault.undo[0]);
    const began = performance.now();
    const before = cpuTimeMsOf(pid) ?? NaN;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const share = ((cpuTimeMsOf(pid) ?? NaN) - before) / (performance.now() - began);
    await undo(fault);
    expect(share).toBeLessThan(0.12);
    expect(share).toBeGreaterThan(0.02);
  });

  it('has a helper for each core, and no more cores than there are', async () => {
    const cores = Math.min(2, availableParallelism());
    const fault = await prepare('cpu-stress', { share: '5%', cores }, targets);
    await inject(fault);
    expect(fault.undo).toHaveLength(cores);
    expect(new Set(fault.undo.map((record) => processOf(record).pid)).size).toBe(cores);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    await expect(
      prepare('cpu-stress', { share: '5%', cores: availableParallelism() + 1 }, targets),
    ).rejects.toMatchObject({ code: 'too_many_cores', kind: 'usage' });
  });

  it('does no harm before it is told to, when its record is written down already', async () => {
    const fault = await prepare('cpu-stress', { share: '100%' }, targets);
    await fault.arm?.(new AbortController().signal);
    const { pid } = processOf(fault.undo[0]);
    const before = cpuTimeMsOf(pid) ?? NaN;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((cpuTimeMsOf(pid) ?? NaN) - before).toBeLessThan(150);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('says mismatch for a helper that does nothing', async () => {
    const fault = await prepare('cpu-stress', { share: '30%' }, targets);
    const { signal } = new AbortController();
    await fault.arm?.(signal);
    await fault.inject(signal);
    const helper = processOf(fault.undo[0]);
    process.kill(helper.pid, 'SIGSTOP');
    for (let n = 0; n < 100 && stateOf(helper) !== 'T'; n++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch', measured: { mostShare: 0 } });
    // A helper that is stopped can't see its stdin close; its undo ends it all the same.
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('fails with a reason when the helper does', async () => {
    const helper = await HelperProcess.start('nonsense', {}, new AbortController().signal);
    helper.go();
    await expect(helper.said(/^working$/, 5000)).rejects.toMatchObject({
      code: 'helper_failed',
      message: expect.stringContaining('no stress of kind "nonsense"'),
    });
  });

  it('dies with its parent, also when that is killed', async () => {
    const parent = spawn(process.execPath, ['test/faults/helper-parent.js', 'cpu', '{"share":0.1}'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const helper = identityOf(Number(chunk.toString()));
    if (!helper) throw new Error('no helper');
    expect(isAlive(helper)).toBe(true);
    parent.kill('SIGKILL');
    expect(await waitUntilGone(helper, 2000)).toBe(true);
  });
});
