import { spawn, type ChildProcess } from 'node:child_process';
import type { ServicePlan } from '../../src/targets/targets.js';
import { freePort, untilListening } from '../targets/toxiproxy-servers.js';

const PROGRAM = `
  const server = require('node:net').createServer((socket) => socket.on('error', () => undefined).end('hello'));
  server.listen(Number(process.argv[1]), '127.0.0.1');
  if (process.argv[2] === 'graceful') process.on('SIGTERM', () => setTimeout(() => process.exit(0), 50));
  if (process.argv[2] === 'stubborn') process.on('SIGTERM', () => undefined);
`;

/** Real processes that each listen on a port, restarted like by a supervisor if asked for. */
export interface Replicas extends AsyncDisposable {
  addresses: string[];
  plan: ServicePlan;
  pids(): (number | undefined)[];
  start(replica: number): Promise<void>;
}

export async function startReplicas(
  count: number,
  options: { restartAfterMs?: number; manner?: 'graceful' | 'stubborn' } = {},
): Promise<Replicas> {
  const ports: number[] = [];
  for (let n = 0; n < count; n++) ports.push(await freePort());
  const children: (ChildProcess | undefined)[] = [];
  const timers: NodeJS.Timeout[] = [];
  let over = false;
  const start = async (replica: number): Promise<void> => {
    const port = ports[replica] ?? 0;
    const child = spawn(process.execPath, ['-e', PROGRAM, String(port), options.manner ?? ''], { stdio: 'ignore' });
    children[replica] = child;
    child.once('exit', () => {
      children[replica] = undefined;
      if (options.restartAfterMs !== undefined && !over)
        timers.push(setTimeout(() => void start(replica).catch(() => undefined), options.restartAfterMs));
    });
    await untilListening(port);
  };
  await Promise.all(ports.map(async (_, replica) => start(replica)));
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  return {
    addresses,
    plan: { name: 'order', url: undefined, metrics: undefined, how: 'listening', addresses },
    pids: () => children.map((child) => child?.pid),
    start,
    async [Symbol.asyncDispose]() {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(
        children.map(async (child) => {
          if (!child) return;
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          await ended;
        }),
      );
    },
  };
}
