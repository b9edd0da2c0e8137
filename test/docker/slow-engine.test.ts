import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { undoAll } from '../../src/run/undo-runner.js';
import type { PreparedFault } from '../../src/faults/fault.js';
import { inject, prepare, serviceTargets, undo } from '../faults/stage.js';
import { describeWith } from '../support/needs.js';
import { startContainers } from './containers.js';
import { relayEngine, type Relay, type RelayRule } from './engine-hosts.js';

/** Longer than an order is waited for (10 s). */
const LATE_MS = 11_500;
/** Only Plimsoll names containers by their whole id, and without a version of the API. */
const OURS = '^/containers/[0-9a-f]{64}';
const RULES: RelayRule[] = [
  {
    path: `${OURS}/pause`,
    times: 2,
    status: 500,
    message: 'Cannot pause container 1f: OCI runtime pause failed: unable to freeze: unknown',
  },
  { path: `${OURS}/pause`, times: 1, delayMs: LATE_MS },
];

describeWith(['docker'], 'a Docker Engine that is slow, or gives up', () => {
  const host = process.env['DOCKER_HOST'];
  let folder = '';
  let relay: Relay;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-slow-'));
    relay = await relayEngine({ listen: join(folder, 'docker.sock'), rules: RULES });
    process.env['DOCKER_HOST'] = `unix://${folder}/docker.sock`;
  });

  afterAll(async () => {
    if (host === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = host;
    await relay[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent(
    'is asked to freeze again where the kernel gave up; and an order that comes late is undone',
    { timeout: 90_000 },
    async () => {
      await using order = await startContainers(1);
      const [name = ''] = order.names;
      const pause = async (): Promise<PreparedFault> =>
        prepare('container-pause', { service: 'order', allowAll: true }, serviceTargets([order.plan]));
      const first = await pause();
      await expect(inject(first)).rejects.toMatchObject({ code: 'engine_unavailable' });
      // Three tries: two were refused, and the third is not answered in time. It is still on its way.
      expect(relay.lines.filter((line) => line.startsWith('rule'))).toHaveLength(3);
      expect(await order.state(name)).toMatchObject({ paused: false });
      const { failed } = await undoAll(first.undo, { onDone: () => undefined, onFailed: () => undefined });
      expect(failed).toEqual([]);
      expect(relay.lines).toContain(`answered ${OURS}/pause`);
      expect(await order.state(name)).toMatchObject({ paused: false, running: true });
      expect(await first.proveUndone()).toMatchObject({ status: 'confirmed' });
      // With nothing in the way it is a fault like any other.
      const second = await pause();
      expect(await inject(second)).toMatchObject({ status: 'confirmed' });
      expect(await undo(second)).toMatchObject({ status: 'confirmed' });
    },
  );

  it.concurrent('may take as long to stop a container as it was told to', { timeout: 90_000 }, async () => {
    await using order = await startContainers(1, {
      program: "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)",
    });
    const given = { service: 'order', allowAll: true, graceful: '11s', startAfter: '60s' };
    const fault = await prepare('container-stop', given, serviceTargets([order.plan]));
    // Silent for longer than any other order is waited for.
    expect(await inject(fault)).toMatchObject({ status: 'confirmed', finding: expect.stringContaining('137') });
    expect(await undo(fault)).toMatchObject({ status: 'confirmed' });
  });
});
