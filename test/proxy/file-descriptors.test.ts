import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ApiClient } from './support/api-client.js';
import { dial, Origin, type Peer, sleep } from './support/peers.js';

const MAIN = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));

it('out of file descriptors the server refuses, lives, and goes on when there are some again', async () => {
  await using origin = await Origin.echo();
  const child = spawn('sh', ['-c', 'ulimit -n 90 && exec "$0" "$@"', process.execPath, MAIN, '-port', '0'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    const api = new ApiClient(url);
    const proxy = await api.proxy(origin.address);
    const clients: Peer[] = [];
    for (let i = 0; i < 150; i += 1) {
      const client = await dial(proxy.listen).catch(() => undefined);
      if (!client) continue;
      client.socket.on('error', () => undefined);
      client.socket.write('x');
      clients.push(client);
    }
    await sleep(500);
    const served = clients.filter(({ length }) => length === 1).length;
    expect(served).toBeGreaterThan(5);
    expect(served).toBeLessThan(60);
    // Whatever the API answers now, or whether it does: it must not take the server down.
    const asked = ['/proxies', '/version', '/plimsoll/traffic'].map(async (path) =>
      Promise.race([api.get(path).catch(() => undefined), sleep(500)]),
    );
    await Promise.all(asked);
    await Promise.race([api.proxy(origin.address).catch(() => undefined), sleep(500)]);
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);

    for (const { socket } of clients) socket.destroy();
    let works = false;
    for (let attempt = 0; attempt < 50 && !works; attempt += 1) {
      await sleep(100);
      works = await echoes(proxy.listen);
    }
    expect(works).toBe(true);
    expect((await api.get('/version')).status).toBe(200);
    expect((await api.delete(`/proxies/${proxy.name}`)).status).toBe(204);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
});

async function echoes(address: string): Promise<boolean> {
  const client = await dial(address);
  client.socket.on('error', () => undefined).write('ping');
  await Promise.race([client.until(4, 400).catch(() => undefined), client.ended]);
  client.socket.destroy();
  return client.text === 'ping';
}
