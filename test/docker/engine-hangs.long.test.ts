import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RunResult } from '../../src/result/schema.js';
import { startWholeRun, type WholeRun } from '../chaos/whole-run-process.js';
import { frontBackScenario } from '../support/front-back.js';
import { describeWith } from '../support/needs.js';
import { freePort } from '../targets/toxiproxy-servers.js';
import { startEngine, type OwnEngine } from './own-engine.js';

const PHASES = { warmupMs: 0, baselineMs: 1300, faultMs: 2500, recoveryMs: 100 };
const LIMIT = { timeout: 180_000, retry: 0 };
const IMAGE = 'node:20-bookworm-slim';

describeWith(['docker', 'root'], 'a Docker Engine that stops answering or dies while a container is paused', () => {
  let engine: OwnEngine;
  let folder = '';

  beforeAll(async () => {
    engine = await startEngine({ liveRestore: true });
  }, 180_000);

  afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-hang-'));
    engine.docker('run', '-d', '--name', 'box', '--network', 'none', IMAGE, 'node', '-e', 'setInterval(() => {}, 1e3)');
  });

  afterEach(() => {
    engine.goOn();
    engine.docker('rm', '-f', 'box');
    rmSync(folder, { recursive: true, force: true });
  });

  it('hangs for four seconds: the undo waits for it', LIMIT, async () => {
    const run = await startRun();
    engine.hang();
    await run.saw('event undo.requested');
    setTimeout(() => engine.goOn(), 4000);
    expect(await run.ended, run.output()).not.toBe(4);
    expect(run.output()).toContain('event undo.done');
    expect(run.output()).not.toContain('undo.failed');
    expect(box()).toBe('running false');
    expect(register()).toEqual([]);
  });

  it('hangs until the run is over: exit code 4, and recover undoes it later', LIMIT, async () => {
    const run = await startRun();
    engine.hang();
    expect(await run.ended, run.output()).toBe(4);
    expect(run.output()).toContain('event undo.failed');
    expect(run.output()).toMatch(/warning undo_owed .*plimsoll recover/);
    engine.goOn();
    expect(box()).toBe('paused true');
    const { exitCode, all } = await recover();
    expect(exitCode, all).toBe(0);
    expect(all).toMatch(/done: unpause/);
    expect(box()).toBe('running false');
    expect(register()).toEqual([]);
  });

  it('hangs while the conductor is killed: the watchdog goes on asking', LIMIT, async () => {
    const run = await startRun();
    engine.hang();
    run.child.kill('SIGKILL');
    await run.ended;
    await new Promise((done) => setTimeout(done, 5000));
    engine.goOn();
    const atMs = performance.now();
    await expect.poll(box, { timeout: 20_000, interval: 50 }).toBe('running false');
    expect(performance.now() - atMs).toBeLessThan(2000);
    await expect.poll(register, { timeout: 10_000 }).toEqual([]);
  });

  it('dies and is started again, and its containers live on: undone and proven', LIMIT, async () => {
    const run = await startRun();
    await engine.killAndRestart();
    expect(box()).toBe('paused true');
    expect(await run.ended, run.output()).not.toBe(4);
    expect(run.output()).not.toContain('undo.failed');
    expect(box()).toBe('running false');
    expect(register()).toEqual([]);
  });

  it('dies and takes its containers along: nothing is owed, and that it does not run is told', LIMIT, async () => {
    const run = await startRun();
    await engine.killAndRestart({ liveRestore: false });
    // Without `live-restore` the new engine ends what the old one had started. That is not ours to put right.
    expect(await run.ended, run.output()).toBe(4);
    expect(run.output()).not.toContain('undo.failed');
    expect(box()).toBe('exited false');
    const { faults } = JSON.parse(readFileSync(join(run.directory(), 'result.json'), 'utf8')) as RunResult;
    expect(faults[0]?.undoProof).toMatchObject({ status: 'mismatch', finding: expect.stringContaining('box: ended') });
    expect(register()).toEqual([]);
  });

  /** Until the container is proven to be paused. */
  async function startRun(): Promise<WholeRun> {
    const [front, back, link] = [await freePort(), await freePort(), await freePort()];
    const run = startWholeRun({
      scenario: frontBackScenario(
        { front, back, link },
        {
          name: 'hang',
          description: 'The engine is the one that fails.',
          services: { box: { container: 'box' } },
          faults: [{ type: 'container-pause', service: 'box', allowAll: true }],
        },
      ),
      runsRoot: join(folder, 'runs'),
      phases: PHASES,
      environment: { DOCKER_HOST: engine.host, XDG_STATE_HOME: folder },
    });
    expect(await Promise.race([run.saw('event fault.proven'), run.ended]), run.output()).toBe(true);
    expect(box()).toBe('paused true');
    return run;
  }

  function box(): string {
    return engine.docker('inspect', '--format', '{{.State.Status}} {{.State.Paused}}', 'box');
  }

  function register(): string[] {
    return readdirSync(join(folder, 'plimsoll', 'active'));
  }

  async function recover() {
    return execa(process.execPath, ['dist/cli.js', 'recover'], {
      reject: false,
      all: true,
      env: { DOCKER_HOST: engine.host, XDG_STATE_HOME: folder },
    });
  }
});
