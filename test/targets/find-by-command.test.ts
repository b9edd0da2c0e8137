import { spawn, type ChildProcess } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createTargets } from '../../src/targets/create-targets.js';
import { statOf } from '../../src/targets/process.js';
import type { ProcessRef } from '../../src/targets/targets.js';

/** No other process on the machine has it in its command line. */
const MARK = `mark-${process.pid}-${Math.random().toString(36).slice(2)}`;

describe.skipIf(process.platform !== 'linux')('processes found by their command lines', () => {
  it('are those that hold the text or fit the expression, the eldest first', async () => {
    await using first = await idle(['worker', MARK]);
    await using second = await idle(['worker', MARK, '--old']);
    const pids = async (command: string, count?: number) => (await find(command, { count })).map(({ pid }) => pid);
    expect(await pids(`worker ${MARK}`, 2)).toEqual([first.pid, second.pid]);
    expect(await pids(`/worker ${MARK}$/`)).toEqual([first.pid]);
    expect(await pids(`${MARK} --old`)).toEqual([second.pid]);
    expect(await find(`${MARK} --old`)).toMatchObject([
      { service: 'order', replica: 0, address: undefined, command: expect.stringContaining('worker') },
    ]);
    // Not a text in which a dot is any character.
    await expect(pids(`worker.${MARK}$`)).rejects.toMatchObject({ code: 'no_target' });
  });

  it('must be exactly as many as the scenario says; if not, the error lists five, without their secrets', async () => {
    await using many = await idle(['--token', 'hunter2hunter2', MARK], 6);
    const error = await find(MARK, { count: 2 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'no_target', kind: 'usage' });
    const { message, hint } = error as { message: string; hint: string };
    expect(message).toMatch(/^6 processes fit the command "mark-.*" of order, and the scenario says 2: pid \d+: /);
    expect(message.match(/pid \d+/g)).toHaveLength(5);
    expect(message).toMatch(/-- --token ‹masked› mark-.*; and 1 more$/);
    expect(message).not.toContain('hunter2');
    expect(hint).toContain('Narrow the command');
    await expect(find(MARK, { count: 7 })).rejects.toThrow(/^6 processes fit/);
    await expect(find(`${MARK}-none`)).rejects.toThrow(/no process of this user has/);
    expect(await find(MARK, { count: 6 })).toHaveLength(6);
    expect(many.pid).toBeGreaterThan(1);
  });

  it('are never Plimsoll itself, its ancestors, its own parts or what those have started', async () => {
    await using part = await idle([MARK, 'part'], 1, true);
    await using worker = await idle([MARK, 'worker']);
    expect((await find(MARK, { own: [process.pid, part.pid] })).map(({ pid }) => pid)).toEqual([worker.pid]);
    // Its child, which `part` has started, is one more.
    await expect(find(MARK)).rejects.toThrow(/^3 processes fit/);
    const { command: ancestor = '' } = statOf(process.ppid) ?? {};
    expect(ancestor).not.toBe('');
    const all = await find('/./', { count: 1000 }).catch((reason: unknown) => String(reason));
    expect(all).not.toMatch(new RegExp(`pid (?:${process.pid}|${process.ppid}|1):`));
  });

  it.skipIf(process.getuid?.() !== 0)('are never those of another user', async () => {
    await using stranger = await idle([MARK, 'theirs'], 1, false, 65_534);
    await expect(find(MARK)).rejects.toThrow(/no process of this user has/);
    await using ours = await idle([MARK, 'ours']);
    expect((await find(MARK)).map(({ pid }) => pid)).toEqual([ours.pid]);
    expect(stranger.pid).not.toBe(ours.pid);
  });

  it('are never zombies', async () => {
    // A parent that never waits for its child: a shell that has become another program.
    const script = `${process.execPath} -e 0 ${MARK}-z & exec sleep 30`;
    const parent = spawn('sh', ['-c', script], { stdio: 'ignore' });
    const zombies = () => childrenOf(parent.pid ?? 0).filter((pid) => statOf(pid)?.state === 'Z');
    try {
      await expect.poll(zombies, { timeout: 10_000 }).toHaveLength(1);
      await expect(find(`${MARK}-z`)).rejects.toThrow(/no process of this user has/);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('are looked at again, since a fork looks like its parent for a moment', async () => {
    await using worker = await idle([MARK, 'stays']);
    await using passing = await idle([MARK, 'passes']);
    const looking = find(MARK);
    // The first look has seen both already.
    setTimeout(() => process.kill(passing.pid, 'SIGKILL'), 20);
    expect((await looking).map(({ pid }) => pid)).toEqual([worker.pid]);
  });
});

async function find(
  command: string,
  { count = 1, own = [] }: { count?: number | undefined; own?: number[] } = {},
): Promise<ProcessRef[]> {
  const plan = { name: 'order', url: undefined, metrics: undefined, how: 'command', command, count } as const;
  const targets = createTargets({ runId: 'r', links: [], services: [plan], ownPids: () => own });
  return targets.processes('order');
}

/** Processes that do nothing, with the words in their command lines; `parent`: each with a child of the same words. */
async function idle(
  words: string[],
  count = 1,
  parent = false,
  uid?: number,
): Promise<AsyncDisposable & { pid: number }> {
  const nothing = "process.on('disconnect', () => process.exit()); setInterval(() => {}, 1000); process.send('up');";
  const code = parent
    ? `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(nothing)}, ...process.argv.slice(1)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }); child.once('message', () => process.send('up')); process.on('disconnect', () => process.exit());`
    : nothing;
  const children: ChildProcess[] = [];
  for (let n = 0; n < count; n++) {
    const child = spawn(process.execPath, ['-e', code, '--', ...words], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      ...(uid === undefined ? {} : { uid }),
    });
    children.push(child);
    await new Promise((resolve) => child.once('message', resolve));
  }
  return {
    pid: children[0]?.pid ?? 0,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          await ended;
        }),
      );
    },
  };
}

function childrenOf(pid: number): number[] {
  return Array.from({ length: 200 }, (_, n) => pid + n + 1).filter((candidate) => statOf(candidate)?.parent === pid);
}
