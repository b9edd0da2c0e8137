import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Docker Engine of the test's own, without networks, that may be stopped, killed and started again. */
export interface OwnEngine extends AsyncDisposable {
  /** For DOCKER_HOST. */
  host: string;
  /** `docker …` on it. */
  docker(...args: string[]): string;
  hang(): void;
  goOn(): void;
  /** SIGKILL, and what it started lives on; then another one on the same data. */
  killAndRestart(options?: { liveRestore?: boolean }): Promise<void>;
}

/** @param liveRestore do containers survive the death of their engine? */
export async function startEngine({ liveRestore }: { liveRestore: boolean }): Promise<OwnEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-engine-'));
  const host = `unix://${folder}/docker.sock`;
  const env = { ...process.env, DOCKER_HOST: host };
  const docker = (...args: string[]): string =>
    execFileSync('docker', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  let engine = await start(liveRestore);
  execFileSync(process.execPath, ['test/support/docker-images.js', 'node:20-bookworm-slim'], { env, stdio: 'ignore' });
  return {
    host,
    docker,
    hang: () => void engine.kill('SIGSTOP'),
    goOn: () => void engine.kill('SIGCONT'),
    async killAndRestart(options = {}) {
      const ended = once(engine, 'exit');
      engine.kill('SIGKILL');
      await ended;
      // Its containerd dies with it. Where nobody reaps orphans, the next engine would take the zombie for a live one.
      rmSync(join(folder, 'exec/containerd/containerd.pid'), { force: true });
      engine = await start(options.liveRestore ?? liveRestore);
    },
    async [Symbol.asyncDispose]() {
      engine.kill('SIGCONT');
      for (const name of docker('ps', '-aq').split('\n').filter(Boolean)) docker('rm', '-f', name);
      const ended = once(engine, 'exit');
      engine.kill('SIGTERM');
      await ended;
      unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function start(restore: boolean): Promise<ChildProcess> {
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn(
      'dockerd',
      [
        `--data-root=${folder}/data`,
        `--exec-root=${folder}/exec`,
        `--pidfile=${folder}/pid`,
        `--host=${host}`,
        '--bridge=none',
        '--iptables=false',
        `--live-restore=${restore}`,
      ],
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    for (let tries = 0; !answers(); tries++) {
      if (tries === 200 || child.exitCode !== null)
        throw new Error(`dockerd does not answer: ${readFileSync(join(folder, 'log'), 'utf8').slice(-1000)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return child;
  }

  function answers(): boolean {
    try {
      docker('version');
      return true;
    } catch {
      return false;
    }
  }
}

/** What an engine has mounted, and left so when it was killed. */
function unmountBelow(folder: string): void {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) execFileSync('umount', [point], { stdio: 'ignore' });
}
