import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { pair } from '../proxy/support/pairs.js';
import { dial, Origin, sleep } from '../proxy/support/peers.js';
import { onBothServers } from './both-servers.js';
import { expectAllMessages, expectDataBeforeClose } from './streams.js';

onBothServers('changes while connections end', (server) => {
  it('delivers what was sent before the close, each time', async () => expectDataBeforeClose(server, 150));

  it('does not hang on the removal of a toxic whose connection is gone', async () => {
    await using origin = await Origin.start();
    const proxy = await server.api.proxy(origin.address);
    const path = await server.api.toxic(proxy, 'bandwidth', 'upstream', { rate: 10 });
    const { client, peer } = await pair(proxy, origin);
    client.socket.write(Buffer.alloc(20_000));
    await peer.until(1);
    client.socket.resetAndDestroy();
    peer.socket.resetAndDestroy();
    await sleep(20);
    // The real server waits 5 s for each chunk that it cannot write; 503 would mean that it gave up.
    expect((await server.api.delete(path)).status).toBe(204);
    expect((await server.api.get(`/proxies/${proxy.name}`)).json()).toMatchObject({ toxics: [] });
  });

  it('loses and reorders none of many small messages while a latency comes and goes', async () =>
    expectAllMessages(server, 8000));

  it('keeps clients waiting while a dial hangs, and serves them when it is through', async () => {
    // A listener whose process is stopped: once its backlog is full, the system leaves further dials unanswered.
    const script = `const s = require('net').createServer((c) => { c.on('error', () => {}); c.pipe(c); }); s.listen({port: 0, host: '127.0.0.1', backlog: 1}, () => { console.log(s.address().port); })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      child.kill('SIGSTOP');
      const proxy = await server.api.proxy(`127.0.0.1:${Number(line.toString())}`);
      const clients = await Promise.all(Array.from({ length: 5 }, async () => dial(proxy.listen)));
      for (const [index, { socket }] of clients.entries()) socket.write(`client ${index}`);
      await sleep(300);
      for (const client of clients) expect(client.length).toBe(0);
      child.kill('SIGCONT');
      for (const [index, client] of clients.entries()) {
        await client.until(8, 10_000);
        expect(client.text).toBe(`client ${index}`);
        client.socket.destroy();
      }
    } finally {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
