import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { establishedOn, namespaceListeningOn } from '../../src/targets/sockets.js';

const PORT = 39_517;
const LISTEN = `require('node:net').createServer().listen(${PORT}, '0.0.0.0', () => console.log('listening'))`;
const UNSHARE = ['--map-root-user', '--net', '--'];
/** Some containers and kernels forbid it. */
const possible = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;

describe.skipIf(!possible)('the listener inside a container', () => {
  it('is found by its port where it is the only one, and never ours', async () => {
    expect(namespaceListeningOn(PORT)).toBeUndefined();
    await listen([process.execPath, '-e', LISTEN]);
    expect(namespaceListeningOn(PORT)).toBeUndefined();

    const inside = await listen(['unshare', ...UNSHARE, process.execPath, '-e', LISTEN]);
    expect(namespaceListeningOn(PORT)).toBe(inside);
    expect(establishedOn(PORT, inside)).toBe(0);

    await listen(['unshare', ...UNSHARE, process.execPath, '-e', LISTEN]);
    expect(namespaceListeningOn(PORT)).toBeUndefined();
  });
});

async function listen([program = '', ...args]: string[]): Promise<number | undefined> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child.pid;
}
