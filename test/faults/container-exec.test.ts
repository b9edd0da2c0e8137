import { expect, it } from 'vitest';
import { shownRecord } from '../../src/record/undo.js';
import { undoAll } from '../../src/run/undo-runner.js';
import type { PreparedFault } from '../../src/faults/fault.js';
import { askFrom, docker, startContainers, type Containers } from '../docker/containers.js';
import { describeWith } from '../support/needs.js';
import { inject, prepare, serviceTargets } from './stage.js';

const LIMIT = { timeout: 90_000 };

/** The image has a shell and a few programs: `test`, `echo` and `kill` are the shell's own. */
const FLAG = {
  inject: "sh -c 'echo on > /tmp/flag'",
  prove: "sh -c 'test -e /tmp/flag'",
  undo: 'rm -f /tmp/flag',
};

const exec = async (order: Containers, more: Record<string, unknown> = {}): Promise<PreparedFault> =>
  prepare('container-exec', { service: 'order', allowAll: true, ...FLAG, ...more }, serviceTargets([order.plan]));

async function undoIt(fault: PreparedFault, orphaned = false) {
  return undoAll(fault.undo, { orphaned, onDone: () => undefined, onFailed: () => undefined });
}

/** What runs in a container, as command lines. */
const processesIn = (name: string): string => docker('top', name, '-o', 'pid,args');

describeWith(['docker'], 'container-exec', () => {
  it('hurts one of two from inside, proves it, takes it back, and proves that too', LIMIT, async () => {
    await using order = await startContainers(2);
    const decoy = await order.decoy();
    const fault = await exec(order, { count: 1, allowAll: false });
    expect(fault.summary).toMatch(/^run sh -c .* in 1 of 2 containers of order: /);
    expect(fault.undo).toEqual([]);
    expect(fault.undoWords).toHaveLength(1);
    const hit = order.names.find((name) => fault.summary.includes(name)) ?? '';
    const other = order.names.find((name) => name !== hit) ?? '';
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', measured: { fitting: 1, exitCodes: '0' } });
    expect(docker('exec', hit, 'cat', '/tmp/flag')).toBe('on');
    expect(() => docker('exec', other, 'cat', '/tmp/flag')).toThrow();
    expect(await fault.proveUndone()).toMatchObject({ status: 'mismatch' });
    expect((await undoIt(fault)).failed).toEqual([]);
    expect((await undoIt(fault)).failed).toEqual([]);
    expect(await fault.proveUndone()).toMatchObject({ status: 'confirmed', measured: { exitCodes: '1' } });
    expect(await order.decoy()).toEqual(decoy);
    // It takes effect after a restart too, in the same container.
    await inject(await exec(order, { count: 1, allowAll: false }));
    docker('restart', '-t', '0', hit);
    expect((await undoIt(fault)).failed).toEqual([]);
    expect(await fault.proveUndone()).toMatchObject({ status: 'confirmed' });
    expect(askFrom(other, `http://${hit}/`)).toBe('here');
  });

  it('tells exit codes and output, masks secrets, and says what cannot run', LIMIT, async () => {
    await using order = await startContainers(1);
    const failing = await exec(order, {
      inject: `sh -c 'echo "user $WHO, $API_TOKEN, $(id -u) in $PWD" >&2; exit 7'`,
      environment: { WHO: 'ann', API_TOKEN: 'hunter2hunter2' },
      directory: '/usr',
      user: '1000:1000',
    });
    await expect(inject(failing)).rejects.toMatchObject({
      code: 'injection_failed',
      message: expect.stringMatching(/exit code 7 .*it printed: user ann, /),
    });
    const told = await inject(failing).catch((error: unknown) => String(error));
    expect(told).toContain('1000 in /usr');
    expect(told).not.toContain('hunter2');
    expect(JSON.stringify(failing.undo.map(shownRecord))).not.toContain('hunter2');
    expect(failing.undo[0]?.byHand).toMatch(
      /^docker exec -w \/usr -u 1000:1000 -e WHO=ann -e API_TOKEN=\S+ [0-9a-f]{64} rm/,
    );
    await expect(inject(await exec(order, { inject: 'no-such-program' }))).rejects.toMatchObject({
      code: 'cannot_start',
    });
    const unmeasured = await exec(order, { prove: undefined, inject: 'sh -c "echo hello"' });
    expect(await inject(unmeasured)).toMatchObject({ status: 'unknown', finding: expect.stringContaining('hello') });
    expect(await inject(await exec(order, { inject: 'sh -c true', prove: 'no-such-program' }))).toMatchObject({
      status: 'unknown',
    });
    expect(await inject(await exec(order, { inject: 'sh -c true', prove: 'sh -c "exit 3"' }))).toMatchObject({
      status: 'mismatch',
      measured: { exitCodes: '3' },
    });
    const stubborn = await exec(order, { undo: 'sh -c "echo no; exit 9"' });
    await inject(stubborn);
    expect((await undoIt(stubborn)).failed[0]?.message).toMatch(/the undo command ended with exit code 9 .*no/);
  });

  it('kills what is over its time, or not wanted any more, inside the container', LIMIT, async () => {
    await using order = await startContainers(1);
    const [name = ''] = order.names;
    const late = await exec(order, { inject: { run: "sh -c 'sleep 71 & sleep 72'", timeLimit: '700ms' } });
    await expect(inject(late)).rejects.toThrow(/killed at its time limit/);
    expect(processesIn(name)).not.toMatch(/sleep 7/);

    const stopped = await exec(order, { inject: 'sleep 73' });
    const abort = new AbortController();
    await stopped.arm?.(abort.signal);
    const injecting = stopped.inject(abort.signal);
    await expect.poll(() => processesIn(name)).toContain('sleep 73');
    abort.abort(new Error('stopped'));
    await expect(injecting).rejects.toThrow('stopped');
    expect(processesIn(name)).not.toContain('sleep 73');

    // Its run is dead, and it is still at work: it could do its harm after the undo.
    const orphan = await exec(order, { inject: 'sleep 74' });
    const { signal } = new AbortController();
    await orphan.arm?.(signal);
    const ending = orphan.inject(signal).catch(() => undefined);
    await expect.poll(() => processesIn(name)).toContain('sleep 74');
    expect((await undoIt(orphan, true)).failed).toEqual([]);
    expect(processesIn(name)).not.toContain('sleep 74');
    await ending;
    // What a command leaves behind on purpose is not waited for.
    const daemon = await exec(order, { inject: "sh -c 'sleep 75 & echo on > /tmp/flag'" });
    expect(await inject(daemon)).toMatchObject({ status: 'confirmed' });
    expect(processesIn(name)).toContain('sleep 75');
  });

  it('is looked after by whoever undoes it when the conductor is dead', LIMIT, async () => {
    await using order = await startContainers(1);
    const seen: unknown[] = [];
    const orphaned = async (fault: PreparedFault) =>
      undoAll(fault.undo, {
        orphaned: true,
        onDone: (_, { finding }) => void seen.push(finding),
        onFailed: () => undefined,
      });
    const fault = await exec(order);
    await inject(fault);
    expect((await orphaned(fault)).failed).toEqual([]);
    expect(seen).toEqual([expect.stringMatching(/test -e \/tmp\/flag.* ended with exit code 1/)]);
    // With a look of its own.
    const own = await exec(order, { proveUndone: 'ls /usr' });
    await inject(own);
    expect((await orphaned(own)).failed).toEqual([]);
    expect(seen.at(-1)).toMatch(/^`ls \/usr` ended with exit code 0/);
    // An undo that ends well and takes nothing back.
    const idle = await exec(order, { undo: 'ls /usr' });
    await inject(idle);
    expect((await orphaned(idle)).failed[0]?.message).toMatch(/what it should take back is still there: `sh -c 'test/);
    // One that can't say is no proof of either.
    const mute = await exec(order, { prove: 'no-such-program' });
    await inject(mute);
    expect((await orphaned(mute)).failed).toEqual([]);
    expect(seen.at(-1)).toBeUndefined();
  });

  it('owes nothing to a container that is gone', LIMIT, async () => {
    await using order = await startContainers(1);
    const fault = await exec(order);
    await inject(fault);
    docker('rm', '-f', order.names[0] ?? '');
    expect((await undoIt(fault, true)).failed).toEqual([]);
    expect(await fault.proveUndone()).toMatchObject({ status: 'unknown' });
  });
});
