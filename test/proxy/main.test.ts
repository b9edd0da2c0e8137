import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ApiClient } from './support/api-client.js';
import { freePort, Origin, sleep } from './support/peers.js';

/** The process as it is shipped: compiled. */
const MAIN = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));

interface Started {
  child: ChildProcess;
  message: { type: string; url: string; message: string };
}

async function start(...flags: string[]): Promise<Started> {
  const child = fork(MAIN, flags, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
  const [message] = (await once(child, 'message')) as [Started['message']];
  return { child, message };
}

async function output(...flags: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text.err += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...text };
}

describe('the server as a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('announces its address and ends with 0 on %s', async (signal) => {
    const { child, message } = await start('-host', '127.0.0.1', '-port', '0', '-seed', '5');
    expect(message.type).toBe('listening');
    expect((await new ApiClient(message.url).get('/version')).status).toBe(200);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('outlives its IPC channel, until it is ended', async () => {
    const { child, message } = await start('-port', '0');
    const exited = once(child, 'exit');
    child.disconnect();
    await sleep(300);
    expect(child.exitCode).toBeNull();
    await using origin = await Origin.start();
    const api = new ApiClient(message.url);
    const path = await api.toxic(await api.proxy(origin.address), 'noop', 'upstream', {});
    expect((await api.delete(path)).status).toBe(204);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it('outlives its parent', async () => {
    const port = await freePort();
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const c = require('child_process').fork(${JSON.stringify(MAIN)}, ['-port', '${port}'], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
         c.once('message', () => console.log(c.pid));`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    try {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await sleep(200);
      const api = new ApiClient(`http://127.0.0.1:${port}`);
      // Each of these logs into a pipe that nobody reads any more.
      for (let i = 0; i < 5; i += 1) await api.delete(`/proxies/${(await api.proxy('127.0.0.1:1')).name}`);
      expect((await api.get('/version')).status).toBe(200);
    } finally {
      process.kill(pid, 'SIGTERM');
    }
  });

  it('says why it failed', async () => {
    await using busy = await Origin.start();
    const port = busy.address.split(':')[1] ?? '';
    const { child, message } = await start('-port', port);
    expect(message).toEqual({ type: 'failed', message: expect.stringContaining('EADDRINUSE') as unknown });
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(1);
  });

  it('prints its version, and its usage for a flag that it does not know', async () => {
    expect(await output('-version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^toxiproxy-server version \d+\.\d+\.\d+\n$/) as unknown,
    });
    expect(await output('-prot', '1')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^flag provided but not defined: -prot\n[^]*-proxy-metrics/) as unknown,
    });
  });
});
