import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { listActive } from '../../src/run/register.js';
import { recover } from '../../src/run/recover.js';
import { limitsOf } from '../../src/targets/container-limits.js';
import { identityOf } from '../../src/targets/process.js';
import { askFrom, docker, startContainers, type Containers } from '../docker/containers.js';
import { describeWith } from '../support/needs.js';

const CONDUCTOR = fileURLToPath(new URL('./fault-conductor.js', import.meta.url));
const MEMORY = 256 * 1024 * 1024;
const MEMORY_LIMIT = ['--memory', `${MEMORY}`, '--memory-swap', `${MEMORY}`];
const UNDO_LIMIT = { timeout: 15_000, interval: 200 };

/** The rows: a fault and its settings. `container-restart` leaves nothing to undo once it is proven. */
const FAULTS = [
  { type: 'container-pause', settings: {} },
  // So late that only the undo can have started it again.
  { type: 'container-kill', settings: { startAfter: '300s' } },
  { type: 'container-stop', settings: { startAfter: '300s', graceful: '3s' } },
  { type: 'container-disconnect', settings: {} },
  { type: 'container-cpu', settings: { cores: 0.5 } },
  { type: 'container-memory', settings: { limit: '128MiB' } },
  {
    type: 'container-exec',
    settings: { inject: "sh -c 'echo on > /tmp/flag'", prove: 'cat /tmp/flag', undo: 'rm -f /tmp/flag' },
  },
];

describeWith(['docker'], 'kill -9 of the conductor while a container is hurt', () => {
  for (const { type, settings } of FAULTS) {
    it(
      `${type}: the watchdog undoes it, and recover does where the watchdog died too`,
      { timeout: 120_000, retry: 0 },
      async () => {
        await using order = await startContainers(2, { run: MEMORY_LIMIT });
        const decoy = await order.decoy();
        const folder = mkdtempSync(join(tmpdir(), 'plimsoll-chaos-'));
        process.env['XDG_STATE_HOME'] = join(folder, 'state');
        try {
          for (const watchdog of ['alive', 'dead'] as const) {
            const runId = `${type}-${watchdog}`;
            const run = await startConductor(folder, runId, order, type, settings);
            expect(await hurt(order)).toHaveLength(1);
            if (watchdog === 'dead') {
              process.kill(run.watchdogPid, 'SIGKILL');
              await expect.poll(() => identityOf(run.watchdogPid), UNDO_LIMIT).toBeUndefined();
            }
            run.conductor.kill('SIGKILL');
            await run.exited;
            if (watchdog === 'dead') {
              expect(await hurt(order)).toHaveLength(1);
              expect(listActive()).toMatchObject([{ state: 'abandoned', entry: { runId } }]);
              const { undone, failed } = await recover({ log: () => undefined });
              expect({ undone: undone.length, failed }).toEqual({ undone: run.owed, failed: [] });
            }
            await expect.poll(async () => hurt(order), UNDO_LIMIT).toEqual([]);
            await expect.poll(() => listActive(), UNDO_LIMIT).toEqual([]);
          }
          expect(await order.decoy()).toEqual(decoy);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    );
  }
});

describeWith(['docker'], 'kill -9 of the conductor while the engine is stopping a container for it', () => {
  it(
    'the container, which still ran when the watchdog looked, runs afterwards',
    { timeout: 60_000, retry: 0 },
    async () => {
      const deaf = `process.on('SIGTERM', () => undefined);
require('node:http').createServer((_, answer) => answer.end('here')).listen(80);`;
      await using order = await startContainers(2, { program: deaf, run: MEMORY_LIMIT });
      const folder = mkdtempSync(join(tmpdir(), 'plimsoll-chaos-'));
      process.env['XDG_STATE_HOME'] = join(folder, 'state');
      try {
        const before = await Promise.all(order.names.map(async (name) => order.state(name)));
        const settings = { startAfter: '300s', graceful: '3s' };
        const run = await startConductor(folder, 'midway', order, 'container-stop', settings, { midway: 500 });
        run.conductor.kill('SIGKILL');
        await run.exited;
        expect(await hurt(order)).toEqual([]);
        await expect.poll(() => listActive(), { timeout: 20_000 }).toEqual([]);
        const after = await Promise.all(order.names.map(async (name) => order.state(name)));
        expect(await hurt(order)).toEqual([]);
        // It did end meanwhile.
        expect(after.filter((state, n) => state?.startedAt !== before[n]?.startedAt)).toHaveLength(1);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

/** The names of the containers that are not as they were started: running, on their network, reached by their alias, free. */
async function hurt(order: Containers): Promise<string[]> {
  const states = await Promise.all(order.names.map(async (name) => order.state(name)));
  const whole = states.map(
    (state) => state?.running === true && !state.paused && state.networks.some(({ name }) => name === order.network),
  );
  for (const [position, name] of order.names.entries()) {
    if (!whole[position]) continue;
    const limits = await limitsOf(states[position]?.id ?? '');
    whole[position] =
      (limits?.cpuQuota ?? 1) <= 0 && limits?.memory === MEMORY && docker('exec', name, 'ls', '/tmp') === '';
  }
  const asker = order.names[whole.indexOf(true)];
  if (asker === undefined) return order.names;
  return order.names.filter(
    (_, position) => !whole[position] || askFrom(asker, `http://alias-${position}/`) !== 'here',
  );
}

async function startConductor(
  folder: string,
  runId: string,
  order: Containers,
  type: string,
  settings: Record<string, unknown>,
  more: { midway?: number } = {},
) {
  const directory = join(folder, runId);
  mkdirSync(directory);
  const given = { runId, directory, plan: order.plan, type, settings: { service: 'order', ...settings }, ...more };
  const conductor = spawn(process.execPath, [CONDUCTOR, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => conductor.once('exit', () => resolve()));
  let watchdogPid = 0;
  let owed = 0;
  let last = 'nothing';
  for await (const line of createInterface({ input: conductor.stdout })) {
    last = line;
    if (line.startsWith('watchdog ')) watchdogPid = Number(line.slice(9));
    else if (line.startsWith('owes ')) owed = Number(line.slice(5));
    else break;
  }
  expect(last).toBe('injected');
  return { conductor, watchdogPid, exited, owed };
}
