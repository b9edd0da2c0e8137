import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ServicePlan } from '../../src/targets/targets.js';
import { describeWith } from '../support/needs.js';
import { askFrom, docker, startContainers } from '../docker/containers.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';

const LIMIT = { timeout: 90_000 };

describeWith(['docker'], 'container faults on a real Docker Engine', () => {
  it('container-pause freezes one of two, is proven in the kernel, and lets it go on', LIMIT, async () => {
    await using order = await startContainers(2);
    const decoy = await order.decoy();
    const fault = await prepare('container-pause', { service: 'order' }, serviceTargets([order.plan]));
    expect(fault.summary).toMatch(/^pause 1 of 2 containers of order: plimsoll-test-/);
    const hit = order.names.find((name) => fault.summary.includes(name)) ?? '';
    const other = order.names.find((name) => name !== hit) ?? '';
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { fitting: 1, seenInKernel: true } });
    expect(await order.state(hit)).toMatchObject({ paused: true });
    expect(await order.state(other)).toMatchObject({ paused: false });
    expect(askFrom(other, `http://${hit}/`)).toBe('no answer');
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect(askFrom(other, `http://${hit}/`)).toBe('here');
    expect(await order.decoy()).toEqual(decoy);
  });

  it(
    'container-pause finds out that somebody else let it go on, and refuses what is paused already',
    LIMIT,
    async () => {
      await using order = await startContainers(1);
      const [name = ''] = order.names;
      const targets = serviceTargets([order.plan]);
      const fault = await prepare('container-pause', { service: 'order', allowAll: true }, targets);
      const { signal } = new AbortController();
      await fault.inject(signal);
      await expect(prepare('container-pause', { service: 'order', allowAll: true }, targets)).rejects.toMatchObject({
        code: 'already_paused',
      });
      docker('unpause', name);
      expect(await fault.prove(signal)).toMatchObject({ status: 'mismatch' });
      // By hand while we hold it: `docker restart` takes the pause away, and the undo finds nothing to do.
      docker('pause', name);
      docker('restart', '-t', '0', name);
      expect(await undo(fault).catch((error: unknown) => String(error))).toMatchObject({ status: 'confirmed' });
    },
  );

  it('container-kill ends one of two, and it is started again', LIMIT, async () => {
    await using order = await startContainers(2);
    const decoy = await order.decoy();
    const targets = serviceTargets([order.plan]);
    const fault = await prepare('container-kill', { service: 'order', startAfter: '500ms' }, targets);
    const hit = order.names.find((name) => fault.summary.includes(name)) ?? '';
    const before = await order.state(hit);
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { hit: 1 } });
    await expect.poll(async () => (await order.state(hit))?.running, { timeout: 10_000 }).toBe(true);
    expect((await order.state(hit))?.startedAt).not.toBe(before?.startedAt);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect(await order.decoy()).toEqual(decoy);
  });

  it('container-kill is undone by its record alone when nobody started it again', LIMIT, async () => {
    await using order = await startContainers(1);
    const [name = ''] = order.names;
    const given = { service: 'order', allowAll: true, comesBack: '300ms' };
    const fault = await prepare('container-kill', given, serviceTargets([order.plan]));
    await inject(fault);
    expect((await order.state(name))?.running).toBe(false);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect((await order.state(name))?.running).toBe(true);
  });

  it('container-kill says mismatch for a signal that the container survives', LIMIT, async () => {
    await using order = await startContainers(1, {
      program: "process.on('SIGUSR1', () => {}); setInterval(() => {}, 1000)",
    });
    const given = { service: 'order', allowAll: true, signal: 'SIGUSR1', startAfter: '1s' };
    const fault = await prepare('container-kill', given, serviceTargets([order.plan]));
    expect(await inject(fault)).toMatchObject({ status: 'mismatch', measured: { hit: 0 } });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('container-stop asks it to end, tells its exit code, and starts it again', LIMIT, async () => {
    await using order = await startContainers(2);
    const fault = await prepare(
      'container-stop',
      { service: 'order', graceful: '5s', startAfter: '60s' },
      serviceTargets([order.plan]),
    );
    const proof = await inject(fault);
    expect(proof).toMatchObject({ status: 'confirmed' });
    // What its handler of SIGTERM chose: it was not killed.
    expect(proof.finding).toContain('exit code 7');
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });

  it('container-restart is proven by a new start', LIMIT, async () => {
    await using order = await startContainers(2);
    const fault = await prepare(
      'container-restart',
      { service: 'order', graceful: '1s' },
      serviceTargets([order.plan]),
    );
    const hit = order.names.find((name) => fault.summary.includes(name)) ?? '';
    const before = await order.state(hit);
    const { signal } = new AbortController();
    expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
    expect((await order.state(hit))?.startedAt).not.toBe(before?.startedAt);
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    // A proof that can fail: nothing was ordered since.
    const idle = await prepare('container-restart', { service: 'order' }, serviceTargets([order.plan]));
    expect(await idle.prove(signal)).toMatchObject({ status: 'mismatch' });
  });

  it('container-disconnect takes it from its network, and puts it back with its aliases', LIMIT, async () => {
    await using order = await startContainers(2);
    const decoy = await order.decoy();
    const fault = await prepare('container-disconnect', { service: 'order' }, serviceTargets([order.plan]));
    const position = order.names.findIndex((name) => fault.summary.includes(name));
    const hit = order.names[position] ?? '';
    const other = order.names[1 - position] ?? '';
    expect(askFrom(other, `http://alias-${position}/`)).toBe('here');
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { cut: 1 } });
    expect(askFrom(other, `http://alias-${position}/`)).toBe('no answer');
    expect((await order.state(hit))?.networks).toEqual([]);
    const proof = await undo(fault);
    expect(proof).toMatchObject({ status: 'confirmed', measured: { attached: 1 } });
    expect(askFrom(other, `http://alias-${position}/`)).toBe('here');
    expect(await order.decoy()).toEqual(decoy);
  });

  it('container-disconnect says mismatch when somebody put it back without its aliases', LIMIT, async () => {
    await using order = await startContainers(2);
    const fault = await prepare('container-disconnect', { service: 'order' }, serviceTargets([order.plan]));
    const hit = order.names.find((name) => fault.summary.includes(name)) ?? '';
    await inject(fault);
    docker('network', 'connect', order.network, hit);
    expect(await fault.prove(new AbortController().signal)).toMatchObject({ status: 'mismatch' });
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
  });

  it('refuses what could not be undone, or has nothing to be taken from', LIMIT, async () => {
    await using passing = await startContainers(1, { run: ['--rm'] });
    const given = { service: 'order', allowAll: true };
    for (const [type, more] of [
      ['container-kill', { startAfter: '1s' }],
      ['container-stop', { startAfter: '1s' }],
      ['container-restart', {}],
    ] as const) {
      await expect(prepare(type, { ...given, ...more }, serviceTargets([passing.plan])), type).rejects.toMatchObject({
        code: 'removed_when_ended',
      });
    }
    const host = `${passing.network}-host`;
    docker(
      'run',
      '-d',
      '--name',
      host,
      '--network',
      'host',
      'node:20-bookworm-slim',
      'node',
      '-e',
      'setInterval(() => {}, 1000)',
    );
    try {
      const plan: ServicePlan = { ...passing.plan, how: 'container', container: { name: host } } as ServicePlan;
      await expect(prepare('container-disconnect', given, serviceTargets([plan]))).rejects.toMatchObject({
        code: 'no_network',
      });
    } finally {
      docker('rm', '-f', host);
    }
  });

  it('finds containers by name, id, label and Compose service, and says what is missing', LIMIT, async () => {
    await using order = await startContainers(2, {
      run: ['--label', 'com.docker.compose.service=order', '--label', 'com.docker.compose.project=plimsoll-test-shop'],
    });
    const find = async (container: Extract<ServicePlan, { how: 'container' }>['container']) =>
      (await serviceTargets([{ ...order.plan, how: 'container', container } as ServicePlan]).containers('order')).map(
        ({ name }) => name,
      );
    const [first = ''] = order.names;
    expect(await find({ name: first })).toEqual([first]);
    expect(await find({ name: (await order.state(first))?.id ?? '' })).toEqual([first]);
    expect(await find({ compose: 'order', project: 'plimsoll-test-shop' })).toEqual(order.names);
    await expect(find({ name: 'nobody-has-this-name' })).rejects.toMatchObject({ code: 'no_target' });
    await expect(find({ label: 'plimsoll.test=nobody' })).rejects.toMatchObject({ code: 'no_target' });
    docker('kill', first);
    await expect(find({ name: first })).rejects.toThrow(/does not run/);
    const targets = serviceTargets([order.plan]);
    await expect(prepare('container-pause', { service: 'order' }, targets)).rejects.toMatchObject({
      code: 'too_many_targets',
    });
  });

  it(
    'a container that was removed meanwhile needs no undo of a pause, and fails the undo of a kill',
    LIMIT,
    async () => {
      await using order = await startContainers(2);
      const targets = serviceTargets([order.plan]);
      const paused = await prepare('container-pause', { service: 'order' }, targets);
      await inject(paused);
      const hit = order.names.find((name) => paused.summary.includes(name)) ?? '';
      docker('rm', '-f', hit);
      expect(await undo(paused)).toMatchObject({ status: 'mismatch' });
      const killed = await prepare(
        'container-kill',
        { service: 'order', allowAll: true, comesBack: '100ms' },
        serviceTargets([order.plan]),
      );
      await inject(killed);
      docker('rm', '-f', order.names.find((name) => name !== hit) ?? '');
      await expect(undo(killed)).rejects.toThrow(/is not there any more/);
    },
  );
});

// Another process: which engine is asked is settled by the environment when the first question is put.
it('an engine that does not answer, or is not there, is a clear error', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-engine-'));
  const silent = createServer(() => undefined);
  const socket = join(folder, 'silent.sock');
  await new Promise<void>((resolve) => silent.listen(socket, resolve));
  const ask = (host: string) =>
    spawnSync(
      process.execPath,
      [
        '-e',
        `import('./dist/targets/container.js').then(async ({ findContainers }) => {
           try { await findContainers('order', { name: 'x' }); } catch (error) { console.log(error.code + ': ' + error.message); }
           process.exit();
         })`,
      ],
      { encoding: 'utf8', env: { ...process.env, DOCKER_HOST: host } },
    ).stdout;
  try {
    expect(ask(`unix://${folder}/nobody.sock`)).toMatch(/^engine_unavailable: .*there is no Docker socket/);
    const asked = await new Promise<string>((resolve) => {
      // Beside the event loop of the silent server, so that it can accept.
      setTimeout(() => resolve(ask(`unix://${socket}`)), 0);
    });
    expect(asked).toMatch(/^engine_unavailable: .*(no answer within 10 s|timeout|hang up)/i);
  } finally {
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
