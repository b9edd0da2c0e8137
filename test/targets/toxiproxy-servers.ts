import { spawn } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { startProxyServer } from '../../src/proxy/index.js';
import { programOf, type Part } from '../support/needs.js';

/** A Toxiproxy server of a test's own. */
export interface TestServer extends AsyncDisposable {
  api: string;
  embedded: boolean;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The real server, on a port of its own. */
export async function startRealToxiproxy(): Promise<TestServer> {
  const program = programOf('toxiproxy');
  if (!program) throw new Error('no toxiproxy-server');
  const port = await freePort();
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
  await untilListening(port);
  return {
    api: `http://127.0.0.1:${port}`,
    embedded: false,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The embedded server, in this process. */
export async function startEmbedded(): Promise<TestServer> {
  const server = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1 });
  return { api: server.url, embedded: true, [Symbol.asyncDispose]: async () => server.close() };
}

/** Both kinds of server; the real one where the machine has it. */
export const SERVERS = [
  { name: 'the embedded proxy', embedded: true, needs: [] as Part[], start: startEmbedded },
  { name: 'a real Toxiproxy', embedded: false, needs: ['toxiproxy'] as Part[], start: startRealToxiproxy },
];

export async function untilListening(port: number): Promise<void> {
  for (let n = 0; n < 400; n++) {
    if (await listens(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nobody listens on ${port}`);
}

async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
