import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProcessExit, ProcessRef, ServicePlan } from '../../src/targets/targets.js';
import { identityOf, statOf } from '../../src/targets/process.js';
import { measureCanary } from '../../src/targets/canary.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';
import { startReplicas } from './replicas.js';

describe.skipIf(process.platform !== 'linux')('process-pause', () => {
  it('stops a process, which then accepts but does not answer, and lets it go on', async () => {
    await using order = await startReplicas(2);
    const fault = await prepare('process-pause', { service: 'order' }, serviceTargets([order.plan]));
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { fitting: 1 } });
    const [record] = fault.undo;
    const pid = record?.kind === 'continue-process' ? record.process.pid : 0;
    expect(statOf(pid)?.state).toBe('T');
    const address = order.addresses[order.pids().indexOf(pid)] ?? '';
    expect(await measureCanary(address, 'tcp', { send: 'x', expect: 'hello' }, 200)).toMatchObject({
      outcome: 'timeout',
    });
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    // Continuing a process that runs is harmless, and it was there: the record counts as carried out each time.
    process.kill(pid, 'SIGCONT');
    expect(await fault.proveUndone()).toMatchObject({ status: 'confirmed' });
    expect(await measureCanary(address, 'tcp', { send: 'x', expect: 'hello' }, 2000)).toMatchObject({
      outcome: 'answered',
    });
  });

  it('says mismatch when somebody else continues the process', async () => {
    await using order = await startReplicas(2);
    const fault = await prepare('process-pause', { service: 'order' }, serviceTargets([order.plan]));
    const { signal } = new AbortController();
    await fault.inject(signal);
    for (const pid of order.pids()) if (pid) process.kill(pid, 'SIGCONT');
    expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
  });
});

describe.skipIf(process.platform !== 'linux')('a service that Plimsoll runs', () => {
  it('is brought back by its supervisor, also when it has no port to look at', async () => {
    await using order = await startReplicas(2, { restartAfterMs: 200 });
    const plan = ownService(2);
    const processes = (): ProcessRef[] =>
      order.pids().flatMap((pid, replica) => {
        const identity = identityOf(pid ?? 0);
        return identity
          ? [{ ...identity, service: 'order', replica, address: undefined, command: 'node order.js' }]
          : [];
      });
    const restart = async (): Promise<ProcessRef> => {
      throw new Error('nobody asked for a restart');
    };
    const fault = await prepare(
      'process-kill',
      { service: 'order' },
      serviceTargets([plan], { processes, restart, exitOf: () => undefined }),
    );
    expect(fault.summary).toContain('Plimsoll starts it again');
    expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
    expect(await fault.proveUndone()).toMatchObject({ status: 'confirmed', measured: { processes: 2 } });
  });
});

describe.skipIf(process.platform !== 'linux')('process-terminate', () => {
  it('finds a graceful exit', async () => {
    await using order = await startReplicas(2, { manner: 'graceful', restartAfterMs: 100 });
    const fault = await prepare(
      'process-terminate',
      { service: 'order', comesBack: '5s' },
      serviceTargets([order.plan]),
    );
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { graceful: true, endedInTime: 1 } });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('kills what does not end in time, and says that it was not graceful', async () => {
    await using order = await startReplicas(2, { manner: 'stubborn', restartAfterMs: 100 });
    const settings = { service: 'order', graceful: '300ms', comesBack: '5s' };
    const fault = await prepare('process-terminate', settings, serviceTargets([order.plan]));
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { graceful: false, endedInTime: 0 } });
    expect(proof.measured['exitAfterMs']).toBeGreaterThanOrEqual(290);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });
});

describe.skipIf(process.platform !== 'linux')('the exit of a process that Plimsoll runs', () => {
  it.each([
    [
      'ends well',
      'process.exit(0)',
      { graceful: true, exitCodes: 'exit code 0' },
      /the slowest after .*; exit code 0$/,
    ],
    ['ends badly', 'process.exit(3)', { graceful: false, exitCodes: 'exit code 3' }, /not well: exit code 3$/],
  ])('is told: one that %s', async (_name, onTerm, measured, finding) => {
    const child = spawn(process.execPath, [
      '-e',
      `process.on('SIGTERM', () => { ${onTerm} }); setInterval(() => {}, 1000); console.log('up')`,
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const exited = new Promise<ProcessExit>((resolve) =>
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal })),
    );
    const identity = identityOf(child.pid ?? 0);
    if (!identity) throw new Error('no child');
    const plan = ownService(1);
    const ref: ProcessRef = { ...identity, service: 'order', replica: 0, address: undefined, command: 'node order.js' };
    const supervisor = {
      processes: () => [ref],
      restart: async () => ref,
      exitOf: (service: string, pid: number) => (service === 'order' && pid === ref.pid ? exited : undefined),
    };
    const fault = await prepare(
      'process-terminate',
      { service: 'order', allowAll: true },
      serviceTargets([plan], supervisor),
    );
    expect(await inject(fault)).toMatchObject({
      status: 'confirmed',
      measured: { endedInTime: 1, ...measured },
      finding: expect.stringMatching(finding),
    });
  });
});

describe.skipIf(process.platform !== 'linux')('process-restart', () => {
  it('ends a process, sees its supervisor start it again, and proves a new one', async () => {
    await using order = await startReplicas(2, { manner: 'graceful', restartAfterMs: 100 });
    const fault = await prepare('process-restart', { service: 'order', comesBack: '5s' }, serviceTargets([order.plan]));
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { restarted: 1 } });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { processes: 2 } });
  });

  it('says mismatch when nobody starts it again', { timeout: 15_000 }, async () => {
    await using order = await startReplicas(2, { manner: 'graceful' });
    const fault = await prepare(
      'process-restart',
      { service: 'order', comesBack: '200ms' },
      serviceTargets([order.plan]),
    );
    expect(await inject(fault)).toMatchObject({ status: 'mismatch' });
  });
});

/** A service that Plimsoll runs and restarts itself. */
function ownService(replicas: number): ServicePlan {
  return {
    name: 'order',
    url: undefined,
    metrics: undefined,
    how: 'run',
    command: 'node order.js',
    replicas,
    restart: 'always',
    env: {},
    cwd: undefined,
    addresses: [],
  };
}
