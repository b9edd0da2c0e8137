import { expect, it } from 'vitest';
import { limitsOf, type NotedLimits } from '../../src/targets/container-limits.js';
import { docker, startContainers, type Containers } from '../docker/containers.js';
import { describeWith } from '../support/needs.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';

const LIMIT = { timeout: 90_000 };
const MB = 1024 * 1024;
const { signal } = new AbortController();

async function noted(order: Containers): Promise<NotedLimits> {
  const limits = await limitsOf((await order.state(order.names[0] ?? ''))?.id ?? '');
  if (!limits) throw new Error('no such container');
  return limits;
}

const logsOf = (order: Containers): string => docker('logs', order.names[0] ?? '');

describeWith(['docker'], 'limits of containers on a real Docker Engine', () => {
  it('container-cpu holds a busy container back, is measured by the kernel, and lets it go again', LIMIT, async () => {
    await using order = await startContainers(1, { program: 'for (;;);' });
    const targets = serviceTargets([order.plan]);
    const decoy = await order.decoy();
    const given = { service: 'order', allowAll: true, cores: 0.2 };
    const fault = await prepare('container-cpu', given, targets);
    expect(fault.summary).toMatch(/^at most 0.2 cores for 1 of 1 container of order: plimsoll-test-/);
    expect(fault.undo).toMatchObject([{ kind: 'restore-container-limits', limits: { cpuQuota: -1 } }]);
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { limited: 1, seenInKernel: true } });
    expect(proof.measured['throttledPeriods']).toBeGreaterThan(0);
    expect(await noted(order)).toMatchObject({ cpuQuota: 20_000, cpuPeriod: 0 });
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    // A second one on the same container; they end in the order in which they began.
    const tighter = await prepare('container-cpu', { ...given, cores: 0.1 }, targets, { id: 'f2' });
    expect(tighter.undo).toMatchObject([{ limits: { cpuQuota: 20_000 } }]);
    expect(await inject(tighter)).toMatchObject({ status: 'confirmed' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect(await undo(tighter)).toMatchObject({ status: 'confirmed' });
    expect(await noted(order)).toMatchObject({ cpuQuota: -1, cpuPeriod: 0, nanoCpus: 0 });
    expect(await order.decoy()).toEqual(decoy);
  });

  it(
    'container-cpu writes old limits back, in the terms in which they were, and sees who lifts its own',
    LIMIT,
    async () => {
      await using order = await startContainers(1, { run: ['--cpus', '0.5'] });
      const [name = ''] = order.names;
      const targets = serviceTargets([order.plan]);
      const given = { service: 'order', allowAll: true, cores: 0.05 };
      const before = await noted(order);
      const fault = await prepare('container-cpu', given, targets);
      expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
      expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
      expect(await noted(order)).toEqual(before);
      await expect(prepare('container-cpu', { ...given, cores: 0.5 }, targets)).rejects.toMatchObject({
        code: 'already_limited',
      });
      await fault.inject(signal);
      docker('update', '--cpus', '0.5', name);
      expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch', measured: { limited: 0 } });
    },
  );

  it('container-cpu keeps a period of the container, unless the kernel takes no quota so small', LIMIT, async () => {
    await using order = await startContainers(1, { run: ['--cpu-quota', '10000', '--cpu-period', '20000'] });
    const targets = serviceTargets([order.plan]);
    const before = await noted(order);
    for (const [cores, during] of [
      [0.1, { cpuQuota: 2000, cpuPeriod: 20_000 }],
      [0.02, { cpuQuota: 2000, cpuPeriod: 100_000 }],
    ] as const) {
      const fault = await prepare('container-cpu', { service: 'order', allowAll: true, cores }, targets);
      expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
      expect(await noted(order)).toMatchObject(during);
      expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
      expect(await noted(order)).toEqual(before);
    }
  });

  it('container-memory limits it, tells who was killed for it, and raises the limit again', LIMIT, async () => {
    await using order = await startContainers(1, { run: ['--memory', '256m', '--memory-swap', '512m'] });
    const [name = ''] = order.names;
    const targets = serviceTargets([order.plan]);
    const before = await noted(order);
    const given = { service: 'order', allowAll: true, limit: '96MiB' };
    const fault = await prepare('container-memory', given, targets);
    expect(fault.summary).toMatch(/^at most 100.66 MB of memory for 1 of 1 container of order/);
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { limited: 1, killed: 0 } });
    expect(await noted(order)).toMatchObject({ memory: 96 * MB, memorySwap: 96 * MB });
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    // Not its first process: that one lives on.
    expect(() => docker('exec', name, 'node', '-e', 'Buffer.alloc(200e6, 1)')).toThrow();
    expect((await fault.prove(signal)).finding).toContain('one process in it was killed for want of memory');
    const proof = await undo(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { restored: 1, killed: 1 } });
    expect(await noted(order)).toEqual(before);
    // By hand while we hold it.
    await fault.inject(signal);
    docker('update', '--memory', '128m', '--memory-swap', '128m', name);
    expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
  });

  it('container-memory starts a container again that it killed', LIMIT, async () => {
    await using order = await startContainers(1, {
      run: ['--memory', '256m', '--memory-swap', '256m'],
      program:
        "process.on('SIGUSR2', () => (globalThis.held = Buffer.alloc(150e6, 1))); setInterval(() => {}, 1000); console.log('ready');",
    });
    const [name = ''] = order.names;
    const given = { service: 'order', allowAll: true, limit: '80MB' };
    const fault = await prepare('container-memory', given, serviceTargets([order.plan]));
    await inject(fault);
    await expect.poll(() => logsOf(order)).toContain('ready');
    docker('kill', '--signal', 'SIGUSR2', name);
    await expect.poll(async () => order.state(name), { timeout: 10_000 }).toMatchObject({ running: false });
    expect((await fault.prove(signal)).finding).toContain('it was killed for want of memory, and has ended');
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    const proof = await undo(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { killed: 1 } });
    expect(proof.finding).toContain('while it was limited it ended, and was started again');
    expect(await order.state(name)).toMatchObject({ running: true });
    expect(await noted(order)).toMatchObject({ memory: 256 * MB });
  });

  it('container-memory refuses what it could not undo, or what would kill at once', LIMIT, async () => {
    await using order = await startContainers(1);
    const [name = ''] = order.names;
    const targets = serviceTargets([order.plan]);
    const refused = async (limit: string) =>
      expect(prepare('container-memory', { service: 'order', allowAll: true, limit }, targets)).rejects;
    await (await refused('96MB')).toMatchObject({ code: 'no_limit_before', kind: 'usage' });
    docker('update', '--memory', '128m', '--memory-swap', '128m', name);
    await (await refused('200MB')).toMatchObject({ code: 'already_limited' });
    await (await refused('6MiB')).toMatchObject({ code: 'below_use' });
    await (await refused('5MB')).toThrow(/at least 6MiB/);
    await using passing = await startContainers(1, { run: ['--rm', '--memory', '128m'] });
    await expect(
      prepare('container-memory', { service: 'order', allowAll: true, limit: '96MB' }, serviceTargets([passing.plan])),
    ).rejects.toMatchObject({ code: 'removed_when_ended' });
  });
});
