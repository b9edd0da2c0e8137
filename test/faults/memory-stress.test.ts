import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { UndoRecord } from '../../src/record/undo.js';
import { createTargets } from '../../src/targets/create-targets.js';
import { memoryBounds, memoryRoom, residentBytesOf } from '../../src/targets/memory.js';
import { identityOf, isAlive, waitUntilGone } from '../../src/targets/process.js';
import { describeWith } from '../support/needs.js';
import { docker } from '../docker/containers.js';
import { inject, prepare, undo } from './stage.js';

const targets = createTargets({ runId: 'run1', links: [], services: [] });

function processOf(record: UndoRecord | undefined) {
  if (record?.kind !== 'end-helper') throw new Error('another record');
  return record.process;
}

describe.skipIf(process.platform !== 'linux')('memory-stress', () => {
  it('takes what it says, is measured by the kernel, and ends', async () => {
    const fault = await prepare('memory-stress', { size: '100MB' }, targets);
    expect(fault.summary).toBe('take 100 MB of memory on this machine and hold it');
    expect(fault.undo).toEqual([]);
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { statedBytes: 100e6 } });
    const helper = processOf(fault.undo[0]);
    const held = residentBytesOf(helper.pid);
    expect((held?.ramBytes ?? 0) + (held?.swapBytes ?? 0)).toBeGreaterThan(100e6);
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { alive: 0, started: 1 } });
    expect(isAlive(helper)).toBe(false);
  });

  it('takes nothing before it is told to, when its record is written down already', async () => {
    const fault = await prepare('memory-stress', { size: '200MB' }, targets);
    const { signal } = new AbortController();
    await fault.arm?.(signal);
    expect(residentBytesOf(processOf(fault.undo[0]).pid)?.ramBytes).toBeLessThan(150e6);
    expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('refuses what would touch the last 5 %, and settings that do not say how much', async () => {
    const { roomBytes } = memoryRoom(memoryBounds());
    const tooMuch = `${Math.ceil(roomBytes / 1e6) + 2000}MB`;
    await expect(prepare('memory-stress', { size: tooMuch }, targets)).rejects.toMatchObject({
      code: 'not_enough_room',
      kind: 'usage',
    });
    await expect(prepare('memory-stress', { upTo: '0.1%' }, targets)).rejects.toMatchObject({ code: 'already_in_use' });
    await expect(prepare('memory-stress', {}, targets)).rejects.toMatchObject({ code: 'size_or_share' });
    await expect(prepare('memory-stress', { size: '20MB', upTo: '50%' }, targets)).rejects.toThrow(/not both/);
    await expect(prepare('memory-stress', { upTo: '96%' }, targets)).rejects.toThrow(/at most 95%/);
    await expect(prepare('memory-stress', { size: '1MB' }, targets)).rejects.toThrow(/at least 16 MB/);
  });

  it('dies with its parent, also when that is killed', async () => {
    const parent = spawn(
      process.execPath,
      ['test/faults/helper-parent.js', 'memory', '{"bytes":32000000}', '^holding$'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const helper = identityOf(Number(chunk.toString()));
    if (!helper) throw new Error('no helper');
    parent.kill('SIGKILL');
    expect(await waitUntilGone(helper, 3000)).toBe(true);
  });
});

/** The helper inside a container with a limit of its own, which the kernel holds it to. */
const IN_CONTAINER = `
  import { spawn } from 'node:child_process';
  import { createInterface } from 'node:readline';
  const [bytes] = process.argv.slice(1);
  const child = spawn(process.execPath, ['/dist/faults/shared/stress-process.js', 'memory', JSON.stringify({ bytes: Number(bytes) })], { stdio: ['pipe', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => console.log(line));
  child.stdin.write('go\\n');
  child.once('exit', (code, signal) => { console.log('ended ' + (signal ?? code)); process.exit(); });`;

describeWith(['docker'], 'memory-stress in a container with a limit', () => {
  const name = `plimsoll-test-memory-${process.pid}`;
  const options = ['--memory', '256m', '--memory-swap', '256m', '--network', 'none'];
  // The program alone: what a helper needs is built in.
  const volumes = ['dist', 'package.json'].flatMap((path) => ['-v', `${process.cwd()}/${path}:/${path}:ro`]);
  const command = ['node:20-bookworm-slim', 'node', '--input-type=module', '-e', IN_CONTAINER];
  const start = (bytes: number) =>
    docker('run', '-d', '--name', name, ...options, ...volumes, ...command, String(bytes));
  const said = () => docker('logs', name).split('\n');

  it('stops before the last 5 % of the limit, whatever it was told', { timeout: 60_000 }, async () => {
    start(400e6);
    try {
      await expect.poll(said, { timeout: 20_000, interval: 200 }).toContain('ended 1');
      expect(said().join('\n')).toMatch(/failed: .* were taken, more would touch the last 5 % of control group/);
    } finally {
      docker('rm', '-f', name);
    }
  });

  it('gives back what it holds when others need the room', { timeout: 60_000 }, async () => {
    start(100e6);
    try {
      await expect.poll(said, { timeout: 20_000, interval: 200 }).toContain('holding');
      // Grows beside it, a little each time, to more than would fit if nothing were given back.
      const grower = `const held = []; let n = 0; const timer = setInterval(() => { held.push(Buffer.alloc(2e6, 7)); if (++n === 80) { clearInterval(timer); console.log('grown'); } }, 30)`;
      expect(docker('exec', name, 'node', '-e', grower)).toBe('grown');
      const givenBack = Number(/gave back (\d+)$/.exec(said().join('\n'))?.[1]);
      expect(givenBack).toBeGreaterThan(4e6);
      expect(givenBack).toBeLessThanOrEqual(100e6);
      expect(said().some((line) => line.startsWith('ended'))).toBe(false);
    } finally {
      docker('rm', '-f', name);
    }
  });
});
