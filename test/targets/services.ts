import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { LinkProtocol } from '../../src/targets/targets.js';

/** A small real server for a protocol. */
export interface TestService extends AsyncDisposable {
  port: number;
  address: string;
}

/** `ping` is answered by `pong`, any number of times; `http`, `redis`, `mqtt` and `http2` as a client of theirs expects. */
export async function startService(protocol: LinkProtocol): Promise<TestService> {
  switch (protocol) {
    case 'http':
      return listen(createHttpServer((request, response) => response.end(`you asked ${request.url}\n`)));
    case 'http2':
    case 'grpc':
      return listen(createHttp2Server());
    case 'redis':
      return listen(
        createServer(
          answering((data) => (data.toString().includes('PING') ? Buffer.from('+PONG\r\n') : Buffer.from('-ERR\r\n'))),
        ),
      );
    case 'mqtt':
      return listen(
        createServer(answering((data) => (data[0] === 0x10 ? Buffer.from([0x20, 2, 0, 0]) : Buffer.from([0xd0, 0])))),
      );
    case 'tcp':
      return listen(createServer(answering((data) => Buffer.from(data.toString().replaceAll('ping', 'pong')))));
  }
}

function answering(answer: (data: Buffer) => Buffer): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => socket.write(answer(data)));
  };
}

async function listen(server: Server): Promise<TestService> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
