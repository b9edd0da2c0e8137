import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UndoRecord } from '../../src/record/undo.js';
import { HelperProcess } from '../../src/faults/shared/helper-process.js';
import { createTargets } from '../../src/targets/create-targets.js';
import { diskAt, spaceOf } from '../../src/targets/disk.js';
import { isAlive } from '../../src/targets/process.js';
import { describeWith } from '../support/needs.js';
import { inject, prepare, undo } from './stage.js';

const targets = createTargets({ runId: 'run1', links: [], services: [] });
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-disk-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function processOf(record: UndoRecord | undefined) {
  if (record?.kind !== 'end-helper') throw new Error('another record');
  return record.process;
}

describe.skipIf(process.platform !== 'linux')('disk-fill', () => {
  it('writes what it says where nobody sees it, and all of it is gone with its process', async () => {
    const fault = await prepare('disk-fill', { path: folder, size: '24MB', allowRootDisk: true }, targets);
    expect(fault.summary).toMatch(/^fill 24 MB of \S+ at \/\S* \([\d.]+ % in use\) through /);
    expect(fault.undo).toEqual([]);
    const proof = await inject(fault);
    expect(proof.measured['writtenBytes']).toBeGreaterThanOrEqual(24e6 * 0.95);
    // Others write on the same disk: what is free there is asserted on a disk of our own, below.
    expect(['confirmed', 'unknown']).toContain(proof.status);
    expect(readdirSync(folder)).toEqual([]);
    const helper = processOf(fault.undo[0]);
    expect(isAlive(helper)).toBe(true);
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { alive: 0 } });
    expect(isAlive(helper)).toBe(false);
  });

  it('says mismatch when nothing was written', async () => {
    const fault = await prepare('disk-fill', { path: folder, size: '24MB', allowRootDisk: true }, targets);
    const { signal } = new AbortController();
    await fault.arm?.(signal);
    expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch', measured: { writtenBytes: 0 } });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('refuses what is no disk, is not there, or is the root disk without leave', async () => {
    const refused = async (path: string, more: Record<string, unknown> = { size: '1MB', allowRootDisk: true }) =>
      expect(prepare('disk-fill', { path, ...more }, targets), path).rejects;
    await (await refused('/proc')).toMatchObject({ code: 'pseudo_file_system', kind: 'usage' });
    await (await refused('/sys')).toMatchObject({ code: 'pseudo_file_system' });
    await (await refused(join(folder, 'nowhere'))).toMatchObject({ code: 'no_folder' });
    writeFileSync(join(folder, 'file'), '');
    await (await refused(join(folder, 'file'))).toMatchObject({ code: 'no_folder' });
    symlinkSync('/proc', join(folder, 'link'));
    await (await refused(join(folder, 'link'))).toMatchObject({ code: 'pseudo_file_system' });
    await (await refused('/', { size: '1MB' })).toMatchObject({ code: 'root_disk' });
    await (await refused(folder, { allowRootDisk: true })).toMatchObject({ code: 'size_or_share' });
    const tooMuch = `${Math.ceil(spaceOf(folder).availableBytes / 1e6)}MB`;
    await (await refused(folder, { size: tooMuch, allowRootDisk: true })).toMatchObject({ code: 'not_enough_room' });
  });

  it('fills nothing when another file system has come to its place', async () => {
    const helper = await HelperProcess.start(
      'disk',
      { folder, bytes: 1e6, device: diskAt(folder).device + 1, isMemory: false },
      new AbortController().signal,
    );
    helper.go();
    await expect(helper.said(/^holding$/, 5000)).rejects.toThrow(/another file system is mounted/);
  });
});

describeWith(['mounts'], 'disk-fill on a small disk of its own', () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, 'small disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m,mode=700', 'plimsoll-test', disk]);
  });
  afterEach(() => execFileSync('umount', [disk]));

  it('fills it up to a share, which shows in what is free, and frees it again', async () => {
    const { totalBytes, availableBytes } = spaceOf(disk);
    const fault = await prepare('disk-fill', { path: disk, upTo: '80%' }, targets);
    expect(fault.summary).toContain(`of tmpfs at ${disk}`);
    expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
    expect(1 - spaceOf(disk).availableBytes / totalBytes).toBeCloseTo(0.8, 2);
    expect(readdirSync(disk)).toEqual([]);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { freeBytes: availableBytes } });
  });

  it('goes to the edge of the last 5 %, and gives back what others need', async () => {
    const { totalBytes } = spaceOf(disk);
    await expect(prepare('disk-fill', { path: disk, size: '102MB' }, targets)).rejects.toMatchObject({
      code: 'not_enough_room',
    });
    const fault = await prepare('disk-fill', { path: disk, upTo: '95%' }, targets);
    await inject(fault);
    expect(spaceOf(disk).availableBytes).toBeGreaterThanOrEqual(0.05 * totalBytes);
    writeFileSync(join(disk, 'from somebody else'), Buffer.alloc(4e6));
    await expect
      .poll(() => spaceOf(disk).availableBytes, { timeout: 5000 })
      .toBeGreaterThanOrEqual(Math.floor(0.05 * totalBytes));
    const proof = await undo(fault);
    expect(proof.finding).toMatch(/had to be given back before/);
    expect(proof.measured['gaveBackBytes']).toBeGreaterThanOrEqual(4e6);
  });

  it('gives up before the last 5 % when others were quicker, and leaves nothing', async () => {
    const fault = await prepare('disk-fill', { path: disk, size: '90MB' }, targets);
    writeFileSync(join(disk, 'from somebody else'), Buffer.alloc(30e6));
    await expect(inject(fault)).rejects.toThrow(/were written, more would touch the last 5 %/);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect(spaceOf(disk).totalBytes - spaceOf(disk).availableBytes).toBeLessThan(31e6);
  });

  it('refuses a ramfs, which has no end', async () => {
    const endless = join(folder, 'ramfs');
    mkdirSync(endless);
    execFileSync('mount', ['-t', 'ramfs', 'plimsoll-test', endless]);
    try {
      await expect(prepare('disk-fill', { path: endless, size: '1MB' }, targets)).rejects.toMatchObject({
        code: 'pseudo_file_system',
      });
    } finally {
      execFileSync('umount', [endless]);
    }
  });
});
