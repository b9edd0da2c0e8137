import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ServicePlan } from '../../src/targets/targets.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';
import { startReplicas } from './replicas.js';

describe.skipIf(process.platform !== 'linux')('process-kill', () => {
  it('kills one of two replicas found by port, proves it, and watches it come back', async () => {
    await using order = await startReplicas(2, { restartAfterMs: 300 });
    const targets = serviceTargets([order.plan]);
    const before = order.pids();
    const fault = await prepare('process-kill', { service: 'order', count: 1, comesBack: '5s' }, targets);
    expect(fault.summary).toMatch(
      /^SIGKILL to 1 of 2 processes of order: pid \d+ \(127\.0\.0\.1:\d+\); it must be back within 5 s$/,
    );
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { gone: 1 } });
    const proof = await undo(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { processes: 2, backInTime: true } });
    expect(proof.measured['backAfterMs']).toBeGreaterThanOrEqual(250);
    expect(order.pids().filter((pid, replica) => pid === before[replica])).toHaveLength(1);
  });

  it('draws the same replica with the same seed, and each one with some seed', async () => {
    await using order = await startReplicas(3);
    const targets = serviceTargets([order.plan]);
    const draw = async (seed: number) =>
      (await prepare('process-kill', { service: 'order', comesBack: '5s' }, targets, { seed })).targets[0]?.detail;
    expect(await draw(5)).toBe(await draw(5));
    const drawn = new Set(await Promise.all(Array.from({ length: 30 }, async (_, seed) => draw(seed))));
    expect(drawn.size).toBe(3);
  });

  it('never takes all replicas unless told to, and none of a service that is not there', async () => {
    await using order = await startReplicas(2);
    const gone: ServicePlan = {
      name: 'gone',
      url: undefined,
      metrics: undefined,
      how: 'listening',
      addresses: ['127.0.0.1:1'],
    };
    const targets = serviceTargets([order.plan, gone]);
    const attempt = async (settings: Record<string, unknown>) =>
      prepare('process-kill', { comesBack: '5s', ...settings }, targets);
    await expect(attempt({ service: 'order', count: 2 })).rejects.toMatchObject({
      code: 'too_many_targets',
      kind: 'usage',
    });
    await expect(attempt({ service: 'order', share: '100%' })).rejects.toMatchObject({ code: 'too_many_targets' });
    await expect(attempt({ service: 'order', count: 3, allowAll: true })).rejects.toMatchObject({ code: 'no_target' });
    await expect(attempt({ service: 'gone' })).rejects.toMatchObject({ code: 'no_target' });
    await expect(attempt({ service: 'nobody' })).rejects.toMatchObject({
      code: 'no_target',
      hint: 'The scenario has these services: order, gone.',
    });
    expect((await attempt({ service: 'order', count: 2, allowAll: true })).targets).toHaveLength(2);
  });

  it('wants to know who brings the process back', async () => {
    await using order = await startReplicas(2);
    const targets = serviceTargets([order.plan]);
    await expect(prepare('process-kill', { service: 'order' }, targets)).rejects.toMatchObject({ code: 'no_way_back' });
  });

  it('fails the undo when nobody brings it back, and says where', async () => {
    await using order = await startReplicas(2);
    const targets = serviceTargets([order.plan]);
    const fault = await prepare('process-kill', { service: 'order', comesBack: '100ms' }, targets);
    await inject(fault);
    const [record] = fault.undo;
    if (record) record.timeLimitMs = 400;
    await expect(undo(fault)).rejects.toThrow(/not done within 400 ms|is not back/);
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
  });

  it('runs the restart command if nobody else did', async () => {
    await using order = await startReplicas(2);
    const targets = serviceTargets([order.plan]);
    const fault = await prepare('process-kill', { service: 'order', restart: 'true' }, targets);
    const [record] = fault.undo;
    if (record?.kind !== 'ensure-service') throw new Error('another record');
    const starter = fileURLToPath(new URL('./start-listener.js', import.meta.url));
    record.command = `${process.execPath} ${starter} ${record.addresses[0]?.split(':')[1]}`;
    await inject(fault);
    const back = await undo(fault);
    expect(back.finding).toContain('order has 2 live processes again');
    for (const found of await targets.processes('order')) {
      if (!order.pids().includes(found.pid)) process.kill(found.pid, 'SIGKILL');
    }
  });

  it('says mismatch for a signal that the process survives', async () => {
    await using order = await startReplicas(2, { manner: 'stubborn' });
    const targets = serviceTargets([order.plan]);
    const fault = await prepare('process-kill', { service: 'order', signal: 'SIGTERM', comesBack: '5s' }, targets);
    expect(await inject(fault)).toMatchObject({ status: 'mismatch', measured: { gone: 0 } });
  });

  it('refuses the harness itself and its ancestors', async () => {
    const targets = serviceTargets([
      { name: 'self', url: undefined, metrics: undefined, how: 'pid', pid: process.pid },
      { name: 'parent', url: undefined, metrics: undefined, how: 'pid', pid: process.ppid },
      { name: 'init', url: undefined, metrics: undefined, how: 'pid', pid: 1 },
    ]);
    for (const service of ['self', 'parent', 'init']) {
      await expect(targets.processes(service), service).rejects.toMatchObject({ code: 'forbidden_target' });
    }
  });
});
