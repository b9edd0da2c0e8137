/**
 * The servers behind the proxies, in a process of their own: `echo` sends back what it gets; `transfer` reads a request
 * of 16 bytes, how many bytes will come and how many are wanted, sends those while it reads the others, and closes when
 * both are done; `silent` does nothing.
 */
import { createServer, Socket } from 'node:net';
import { FILLER, REQUEST_BYTES } from './transfer.js';

const servers = {
  echo(socket) {
    socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
  },
  transfer(socket) {
    let request = Buffer.alloc(0);
    let coming;
    let wanted = 0;
    let got = 0;
    const send = () => {
      while (wanted > 0) {
        const block = wanted >= FILLER.length ? FILLER : FILLER.subarray(0, wanted);
        wanted -= block.length;
        if (!socket.write(block)) return;
      }
      if (got >= coming) socket.end();
    };
    socket.on('drain', send);
    return (data) => {
      got += data.length;
      if (coming !== undefined) {
        if (got >= coming && wanted === 0) socket.end();
        return;
      }
      request = Buffer.concat([request, data]);
      if (request.length < REQUEST_BYTES) return;
      coming = Number(request.readBigUInt64LE(0)) + REQUEST_BYTES;
      wanted = Number(request.readBigUInt64LE(8));
      send();
    };
  },
  silent(socket) {
    socket.on('end', () => socket.end()).resume();
  },
};

const ports = {};
for (const [kind, serve] of Object.entries(servers)) {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  if (kind === 'transfer') readIntoOneBuffer(server, serve);
  ports[kind] = server.address().port;
}

/**
 * Like the client in transfer.js, one buffer for all that comes: else the origin, not the proxy, is what an upload waits
 * for. Node.js offers it only to sockets that connect, so the accepted handle is taken where it would make its socket.
 */
function readIntoOneBuffer(server, serve) {
  server._handle.onconnection = (status, handle) => {
    if (status !== 0) return;
    let receive = () => undefined;
    const socket = new Socket({
      handle,
      allowHalfOpen: true,
      pauseOnCreate: true,
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback(count, buffer) {
          receive(buffer.subarray(0, count));
          return true;
        },
      },
    });
    socket.setNoDelay(true).on('error', () => undefined);
    receive = serve(socket);
    socket.resume();
  };
}

process.on('disconnect', () => process.exit());
process.send?.(ports);
