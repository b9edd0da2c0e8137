import { spawn } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { programOf } from '../support/needs.js';

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
