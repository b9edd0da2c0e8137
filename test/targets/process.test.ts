import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTargets } from '../../src/targets/create-targets.js';
import {
  groupIsAlive,
  identityOf,
  isAlive,
  refuseForbidden,
  signalGroup,
  signalProcess,
  statOf,
  waitUntilGone,
} from '../../src/targets/process.js';
import { pidsListeningOn } from '../../src/targets/sockets.js';
import type { ServicePlan } from '../../src/targets/targets.js';
import { undo } from '../../src/targets/undo.js';
import { freePort } from './toxiproxy-servers.js';

describe.skipIf(process.platform !== 'linux')('processes by identity', () => {
  it('reads a process, also one whose name holds blanks and parentheses', async () => {
    using child = idle("process.title = 'a) R (b'");
    await expect.poll(() => statOf(child.pid)?.command).toBe('a) R (b');
    const stat = statOf(child.pid);
    // Asleep, or about to be: a busy machine lets it wait for the processor.
    expect(stat).toMatchObject({ parent: process.pid, state: expect.stringMatching(/^[SR]$/) });
    expect(identityOf(child.pid)).toEqual({
      pid: child.pid,
      startTime: stat?.startTime,
      bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('does not signal a process that has another start time or was there before a reboot', async () => {
    using child = idle();
    const identity = identityOf(child.pid);
    if (!identity) throw new Error('no identity');
    for (const other of [
      { ...identity, startTime: identity.startTime - 1 },
      { ...identity, bootId: 'another boot' },
      { ...identity, startTime: 0, bootId: '' },
    ]) {
      expect(isAlive(other)).toBe(false);
      expect(signalProcess(other, 'SIGKILL')).toBe('gone');
      expect(signalGroup(other, 'SIGKILL')).toBe('gone');
      const record = { id: 'x', fault: 'f', words: '', byHand: '', timeLimitMs: 1000, process: other };
      expect(await undo({ ...record, kind: 'end-group', label: '' })).toMatchObject({ alreadyDone: true });
      expect(await undo({ ...record, kind: 'continue-process' })).toMatchObject({ alreadyDone: true });
    }
    expect(isAlive(identity)).toBe(true);
    expect(signalProcess(identity, 'SIGKILL')).toBe('sent');
    expect(await waitUntilGone(identity, 2000)).toBe(true);
    expect(signalProcess(identity, 'SIGKILL')).toBe('gone');
  });

  it('ends a whole group, also when its leader is gone and its members ignore SIGTERM', async () => {
    const member = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')";
    const program = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(member)}], { stdio: 'inherit' })`;
    const leader = spawn(process.execPath, ['-e', `${program}; setInterval(() => {}, 1000)`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => leader.stdout.once('data', resolve));
    const identity = identityOf(leader.pid ?? 0);
    if (!identity) throw new Error('no identity');
    leader.kill('SIGKILL');
    expect(await waitUntilGone(identity, 2000)).toBe(true);
    expect(groupIsAlive(identity)).toBe(true);
    const record = {
      kind: 'end-group',
      id: 'x',
      fault: 'run',
      words: '',
      byHand: '',
      timeLimitMs: 5000,
      process: identity,
      label: '',
    } as const;
    expect(await undo(record, undefined, { graceMs: 200 })).toMatchObject({ alreadyDone: false });
    expect(groupIsAlive(identity)).toBe(false);
    expect(await undo(record)).toMatchObject({ alreadyDone: true });
  });

  it('finds the process behind an address, on IPv4 and as a wildcard, and nobody behind a closed port', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      const { port } = server.address() as AddressInfo;
      expect(await pidsListeningOn(`127.0.0.1:${port}`)).toEqual([process.pid]);
      expect(await pidsListeningOn(`localhost:${port}`)).toEqual([process.pid]);
      if (host === '127.0.0.1') expect(await pidsListeningOn(`127.0.0.2:${port}`)).toEqual([]);
      server.close();
    }
    expect(await pidsListeningOn(`127.0.0.1:${await freePort()}`)).toEqual([]);
  });

  it('refuses its own parts and processes of other users', () => {
    using child = idle();
    expect(() => refuseForbidden(child.pid, 'order', new Set())).not.toThrow();
    expect(() => refuseForbidden(child.pid, 'order', new Set([child.pid]))).toThrow(/part of this run/);
    // Only root can start a process of somebody else; everybody else finds pid 1.
    using stranger =
      process.getuid?.() === 0 ? idle('', { uid: 65_534 }) : { pid: 1, [Symbol.dispose]: () => undefined };
    expect(() => refuseForbidden(stranger.pid, 'order', new Set())).toThrow(/belongs to another user|first process/);
  });

  it('takes a zombie for dead, whether named by pid or by pidfile', async () => {
    // The shell becomes a program that never waits for its child.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      await expect.poll(() => statOf(pid)?.state, { timeout: 10_000 }).toBe('Z');
      expect(identityOf(pid)).toBeUndefined();
      await expect(targetsOf({ how: 'pid', pid }).processes('order')).rejects.toMatchObject({ code: 'no_target' });
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('follows a daemon by its pidfile after a double fork, though its parent is gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-pid-'));
    const file = join(folder, 'daemon.pid');
    // The first child ends at once; the second one belongs to nobody here any more.
    spawn('sh', ['-c', `( sleep 30 & echo $! > ${file} ) &`], { stdio: 'ignore' });
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8') !== '', { timeout: 10_000 }).toBe(true);
    const [daemon] = await targetsOf({ how: 'pidfile', file }).processes('order');
    if (!daemon) throw new Error('no daemon');
    expect(statOf(daemon.pid)?.parent).not.toBe(process.pid);
    expect(signalProcess(daemon, 'SIGKILL')).toBe('sent');
    expect(await waitUntilGone(daemon, 5000)).toBe(true);
    await expect(targetsOf({ how: 'pidfile', file }).processes('order')).rejects.toThrow(/no such process is alive/);
    rmSync(folder, { recursive: true });
  });

  it('follows a symlinked pidfile, and refuses one that names pid 1, itself, an ancestor or a stranger', async () => {
    using child = idle();
    using stranger =
      process.getuid?.() === 0 ? idle('', { uid: 65_534 }) : { pid: 1, [Symbol.dispose]: () => undefined };
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-pid-'));
    const real = join(folder, 'real.pid');
    const link = join(folder, 'order.pid');
    symlinkSync(real, link);
    const found = async () => targetsOf({ how: 'pidfile', file: link }).processes('order');
    await expect(found()).rejects.toThrow(/cannot be read/); // Dangling.
    writeFileSync(real, `${child.pid}\n`);
    expect(await found()).toMatchObject([{ pid: child.pid }]);
    for (const pid of [1, process.pid, process.ppid, stranger.pid]) {
      writeFileSync(real, `${pid}\n`);
      await expect(found(), `pid ${pid}`).rejects.toMatchObject({ code: 'forbidden_target', kind: 'usage' });
    }
    for (const text of ['', '-1', '0', '1e9999', '12x']) {
      writeFileSync(real, text);
      await expect(found(), text).rejects.toThrow(/holds no pid/);
    }
    rmSync(folder, { recursive: true });
  });

  it('finds processes by pid and pidfile, and says what is wrong with a stale one', async () => {
    using child = idle();
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-pid-'));
    const file = join(folder, 'order.pid');
    const common = { url: undefined, metrics: undefined };
    const services: ServicePlan[] = [
      { ...common, name: 'byPid', how: 'pid', pid: child.pid },
      { ...common, name: 'byFile', how: 'pidfile', file },
      { ...common, name: 'none', how: 'none' },
      { ...common, name: 'boxed', how: 'container', container: { name: 'x' } },
    ];
    const targets = createTargets({ runId: 'r', links: [], services });
    expect(await targets.processes('byPid')).toMatchObject([
      { pid: child.pid, replica: 0, command: expect.stringContaining('setInterval') },
    ]);
    await expect(targets.processes('byFile')).rejects.toMatchObject({ code: 'no_target' });
    writeFileSync(file, `${child.pid}\n`);
    expect(await targets.processes('byFile')).toMatchObject([{ pid: child.pid }]);
    writeFileSync(file, 'four\n');
    await expect(targets.processes('byFile')).rejects.toThrow(/holds no pid/);
    for (const name of ['none', 'boxed', 'unheard'])
      await expect(targets.processes(name)).rejects.toMatchObject({ code: 'no_target', kind: 'usage' });
    expect(() => targets.link('a')).toThrow(/no link "a"/);
    await expect(targets.restart('byPid', 0, new AbortController().signal)).rejects.toMatchObject({ code: 'not_ours' });
    rmSync(folder, { recursive: true });
  });
});

function targetsOf(how: { how: 'pid'; pid: number } | { how: 'pidfile'; file: string }) {
  const service: ServicePlan = { name: 'order', url: undefined, metrics: undefined, ...how };
  return createTargets({ runId: 'r', links: [], services: [service] });
}

function idle(code = '', more: { uid?: number } = {}): Disposable & { pid: number } {
  const child: ChildProcess = spawn(process.execPath, ['-e', `${code}; setInterval(() => {}, 1000)`], {
    stdio: 'ignore',
    ...more,
  });
  return { pid: child.pid ?? 0, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
