import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { recover } from '../../src/run/recover.js';
import { identityOf, isAlive, statOf } from '../../src/targets/process.js';
import { connectToxiproxy } from '../../src/targets/toxiproxy-client.js';
import { random } from '../../src/support/random.js';
import { startEmbedded, type TestServer } from '../targets/toxiproxy-servers.js';
import { startService } from '../targets/services.js';

const CONDUCTOR = fileURLToPath(new URL('./conductor.js', import.meta.url));
const DECOY_TOXIC = 'decoy';

/** Everything that a killed run may reach, and what it must not touch. */
export interface Stage extends AsyncDisposable {
  api: string;
  proxy: string;
  listen: string;
  folder: string;
  victim: ChildProcess;
  /** A process that is stopped, and a toxic that is on the same proxy, before the run comes: both must stay so. */
  decoy: ChildProcess;
  start(runId: string, more?: { hold?: boolean; deadlineMs?: number; fdLimit?: number }): Promise<KilledRun>;
  left(runId: string): Promise<{ toxics: string[]; victim: string | undefined; helperAlive: boolean }>;
}

interface KilledRun {
  runId: string;
  conductor: ChildProcess;
  watchdogPid: number;
  helperPid: number;
  exited: Promise<void>;
}

export async function setStage(serverStarter: () => Promise<TestServer> = startEmbedded): Promise<Stage> {
  const server = await serverStarter();
  const service = await startService('redis');
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-chaos-'));
  const client = connectToxiproxy(server.api);
  const made = await client.createProxy({ name: 'link', listen: '127.0.0.1:0', upstream: service.address });
  await made.addToxic({
    name: DECOY_TOXIC,
    type: 'latency',
    stream: 'upstream',
    toxicity: 1,
    attributes: { latency: 1, jitter: 0 },
  });
  const victim = startIdle();
  const decoy = startIdle();
  decoy.kill('SIGSTOP');
  process.env['XDG_STATE_HOME'] = join(folder, 'state');
  const helpers = new Map<string, number>();
  const conductors: ChildProcess[] = [];

  return {
    api: server.api,
    proxy: made.name,
    listen: made.listen,
    folder,
    victim,
    decoy,
    async start(runId, more = {}) {
      const directory = join(folder, runId);
      mkdirSync(directory);
      const order = {
        runId,
        directory,
        api: server.api,
        proxy: made.name,
        listen: made.listen,
        victim: victim.pid,
        ...more,
      };
      const conductor = spawn(process.execPath, [CONDUCTOR, JSON.stringify(order)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      conductors.push(conductor);
      const exited = new Promise<void>((resolve) => conductor.once('exit', () => resolve()));
      let watchdogPid = 0;
      let helperPid = 0;
      for await (const line of createInterface({ input: conductor.stdout })) {
        if (line.startsWith('watchdog ')) watchdogPid = Number(line.slice(9));
        if (line.startsWith('helper ')) helperPid = Number(line.slice(7));
        if (line === 'injected') break;
      }
      helpers.set(runId, helperPid);
      return { runId, conductor, watchdogPid, helperPid, exited };
    },
    async left(runId) {
      const { data } = await client.api.get<{ name: string }[]>(`${made.getPath()}/toxics`);
      return {
        toxics: data.map(({ name }) => name).filter((name) => name !== DECOY_TOXIC),
        // Asleep or just awake is the same to us; stopped (T) is not.
        victim: statOf(victim.pid ?? 0)?.state.replace('R', 'S'),
        helperAlive: identityOf(helpers.get(runId) ?? 0) !== undefined,
      };
    },
    async [Symbol.asyncDispose]() {
      // One that a failed test has left stopped would stay for ever, with its watchdog.
      for (const conductor of conductors) conductor.kill('SIGKILL');
      victim.kill('SIGKILL');
      decoy.kill('SIGKILL');
      await server[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Runs and kills `runs` conductors at seeded random moments; every third time its watchdog dies with it, and `recover`
 * has to clean up.
 *
 * @returns how long it took from the kill until all was gone, milliseconds, for the watchdog's part.
 */
export async function campaign(stage: Stage, runs: number, seed: number): Promise<number[]> {
  const chance = random(seed, 'kill moments');
  const decoy = identityOf(stage.decoy.pid ?? 0);
  const tookMs: number[] = [];
  for (let n = 0; n < runs; n++) {
    const both = n % 3 === 2;
    const run = await stage.start(`kill${n}`);
    await new Promise((resolve) => setTimeout(resolve, chance.next() * 60));
    // The watchdog first: the other way round it would begin its work.
    if (both) process.kill(run.watchdogPid, 'SIGKILL');
    run.conductor.kill('SIGKILL');
    const killedMs = performance.now();
    await run.exited;
    if (both) {
      await gone(run.watchdogPid);
      const { failed } = await recover({ runId: run.runId, log: () => undefined });
      expect(failed, `run ${n}`).toEqual([]);
    } else {
      tookMs.push(await untilClean(stage, run, killedMs));
    }
    expect(await stage.left(run.runId), `run ${n}`).toEqual({ toxics: [], victim: 'S', helperAlive: false });
    expect(decoy && isAlive(decoy) && statOf(decoy.pid)?.state, 'the decoy process').toBe('T');
    expect(await decoyToxics(stage), 'the decoy toxic').toEqual([DECOY_TOXIC]);
  }
  const register = join(stage.folder, 'state', 'plimsoll', 'active');
  for (let n = 0; n < 100 && readdirSync(register).length > 0; n++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(readdirSync(register), 'entries left in the register').toEqual([]);
  return tookMs;
}

async function untilClean(stage: Stage, run: KilledRun, sinceMs: number): Promise<number> {
  for (;;) {
    const { toxics, victim, helperAlive } = await stage.left(run.runId);
    const tookMs = performance.now() - sinceMs;
    if (toxics.length === 0 && victim !== 'T' && !helperAlive) return tookMs;
    if (tookMs > 10_000) throw new Error(`still there after 10 s: ${JSON.stringify({ toxics, victim, helperAlive })}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function decoyToxics(stage: Stage): Promise<string[]> {
  const proxy = await connectToxiproxy(stage.api).get(stage.proxy);
  const { data } = await proxy.api.get<{ name: string }[]>(`${proxy.getPath()}/toxics`);
  return data.map(({ name }) => name);
}

async function gone(pid: number): Promise<void> {
  while (identityOf(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

function startIdle(): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
}
