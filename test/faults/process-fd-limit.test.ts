import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { checkMachine } from '../../src/run/doctor.js';
import { fdLimitOf, limitFor, roomUnder, setSoftFdLimit } from '../../src/targets/fd-limit.js';
import { identityOf } from '../../src/targets/process.js';
import type { ServicePlan } from '../../src/targets/targets.js';
import { undo as undoRecord } from '../../src/targets/undo.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';

/** Says its port; answers each connection's bytes with what opening a file gives: `ok`, or the error's code. */
const PROGRAM = `
  const { open } = require('node:fs');
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => open('/dev/null', (error, file) => {
      if (file !== undefined) require('node:fs').close(file);
      socket.write(error ? error.code : 'ok');
    }));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.on('SIGUSR2', () => {
    const child = require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' });
    console.log(child.pid);
  });
`;

describe.skipIf(process.platform !== 'linux')('process-fd-limit', () => {
  it('lets a server open no file and accept no connection until it is undone', async () => {
    await using server = await startServer();
    const established = await server.dial();
    expect(await established.ask()).toBe('ok');
    const before = limitOf(server.pid);
    const fault = await prepare('process-fd-limit', { ...ONE, headroom: 0 }, targetsOf(server.pid));
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { limited: 1, room: 0 } });
    expect(limitOf(server.pid).hard).toBe(before.hard);
    // What is open stays open, but nothing can be opened.
    expect(await established.ask()).toBe('EMFILE');
    const refused = await server.dial();
    expect(await refused.ask()).toBe('closed');
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch', measured: { stillLimited: 1 } });

    expect(await undo(fault)).toMatchObject({ status: 'confirmed', measured: { stillLimited: 0 } });
    expect(limitOf(server.pid)).toEqual(before);
    expect(await established.ask()).toBe('ok');
    expect(await (await server.dial()).ask()).toBe('ok');
  });

  it('gives exactly the room that it says', async () => {
    await using server = await startServer();
    const fault = await prepare('process-fd-limit', { ...ONE, headroom: 3 }, targetsOf(server.pid));
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { room: 3 } });
    const lines = [await server.dial(), await server.dial()];
    for (const line of lines) expect(await line.ask()).toBe('ok');
    const third = await server.dial();
    expect(await third.ask()).toBe('EMFILE');
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    const limit = await prepare('process-fd-limit', { ...ONE, limit: 500 }, targetsOf(server.pid));
    expect(limit.summary).toMatch(/^at most 500 open files for 1 of 1 process of order: pid \d+$/);
    await inject(limit);
    expect(limitOf(server.pid).soft).toBe(500);
    expect(await undo(limit)).toMatchObject({ status: 'confirmed' });
  });

  it('knows that the kernel limits the number of a file, and fills gaps first', () => {
    const open = new Set([0, 1, 2, 5, 9]);
    expect([0, 1, 2, 3].map((headroom) => limitFor(open, headroom))).toEqual([3, 4, 6, 7]);
    for (const headroom of [0, 1, 2, 5, 100]) expect(roomUnder(open, limitFor(open, headroom))).toBe(headroom);
    expect(limitFor(new Set(), 0)).toBe(0);
  });

  it('says mismatch when somebody raises the limit, and refuses where it would take nothing away', async () => {
    await using server = await startServer();
    const targets = targetsOf(server.pid);
    const { soft } = limitOf(server.pid);
    const fault = await prepare('process-fd-limit', { ...ONE, limit: 100 }, targets);
    await inject(fault);
    await setSoftFdLimit(identify(server.pid), 101);
    expect(await fault.prove(new AbortController().signal)).toMatchObject({ status: 'mismatch' });
    for (const limit of [101, 102]) {
      await expect(prepare('process-fd-limit', { ...ONE, limit }, targets)).rejects.toMatchObject({
        code: 'already_limited',
        kind: 'usage',
      });
    }
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
    expect(limitOf(server.pid).soft).toBe(soft);
    for (const settings of [{}, { limit: 5, headroom: 5 }])
      await expect(prepare('process-fd-limit', { ...ONE, ...settings }, targets)).rejects.toMatchObject({
        code: 'limit_or_headroom',
      });
  });

  it('ends well in any order on one process, and frees the children that inherited the limit', async () => {
    await using server = await startServer();
    const targets = targetsOf(server.pid);
    const { soft } = limitOf(server.pid);
    const outer = await prepare('process-fd-limit', { ...ONE, limit: 200 }, targets, { id: 'f1' });
    await inject(outer);
    const inner = await prepare('process-fd-limit', { ...ONE, limit: 100 }, targets, { id: 'f2' });
    await inject(inner);
    const child = await server.fork();
    expect(limitOf(child).soft).toBe(100);
    expect(await undo(outer)).toMatchObject({ status: 'confirmed' });
    expect(limitOf(server.pid).soft).toBe(soft);
    expect(await inner.proveUndone()).toMatchObject({ status: 'mismatch', measured: { stillLimited: 1 } });
    await undo(inner);
    expect([limitOf(server.pid).soft, limitOf(child).soft]).toEqual([soft, 200]);
    process.kill(child, 'SIGKILL');
  });

  it('leaves a process alone that only has the same pid', async () => {
    await using server = await startServer();
    const fault = await prepare('process-fd-limit', { ...ONE, limit: 100 }, targetsOf(server.pid));
    await inject(fault);
    const [record] = fault.undo;
    if (record?.kind !== 'restore-fd-limit') throw new Error('another record');
    const other = { ...record, process: { ...record.process, startTime: record.process.startTime - 1 } };
    expect(await undoRecord(other, undefined, { orphaned: true })).toMatchObject({
      alreadyDone: true,
      finding: `process ${server.pid} is gone`,
    });
    expect(limitOf(server.pid).soft).toBe(100);
    expect(await undoRecord(record, undefined, { orphaned: true })).toMatchObject({
      alreadyDone: false,
      finding: expect.stringMatching(/^process \d+ may have \d+ files open$/),
    });
  });

  it('is possible here if prlimit is', async () => {
    const finding = (await checkMachine()).find(({ fault }) => fault === 'process-fd-limit');
    expect(finding).toMatchObject({ possible: true });
  });
});

const ONE = { service: 'order', allowAll: true };

function targetsOf(pid: number) {
  const plan: ServicePlan = { name: 'order', url: undefined, metrics: undefined, how: 'pid', pid };
  return serviceTargets([plan]);
}

function identify(pid: number) {
  const identity = identityOf(pid);
  if (!identity) throw new Error(`pid ${pid} is gone`);
  return identity;
}

function limitOf(pid: number) {
  const limit = fdLimitOf(identify(pid));
  if (!limit) throw new Error(`pid ${pid} is gone`);
  return limit;
}

async function startServer() {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const number = async () => Number((await lines.next()).value);
  const port = await number();
  const sockets: Socket[] = [];
  return {
    pid: child.pid ?? 0,
    /** The pid of a child that it starts. */
    async fork() {
      child.kill('SIGUSR2');
      return number();
    },
    async dial() {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => undefined);
      const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
      await Promise.race([once(socket, 'connect'), closed]);
      return {
        /** What the server says, `closed`, or `silence`. */
        async ask(): Promise<string> {
          const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
          socket.write('?');
          const silence = new Promise<string>((resolve) => setTimeout(() => resolve('silence'), 5000).unref());
          return Promise.race([answer, closed, silence]);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
