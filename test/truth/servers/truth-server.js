// The server under the truth experiments: logs every request id with what it did with it, and when it froze, listened and
// died. It shares nothing with the driver but the socket. Speaks HTTP by hand where the experiment is about broken HTTP.
//
// usage: node truth-server.js <options as JSON>; tells { type: 'listening', port } over IPC; the log goes to `logFile`,
// one JSON object a line, written synchronously, so that it is whole even after SIGKILL.
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';

const options = JSON.parse(process.argv[2] ?? '{}');
const log = openSync(options.logFile, 'a');
const nowUs = () => Number(process.hrtime.bigint() / 1000n);
const write = (entry) => writeSync(log, `${JSON.stringify({ atUs: nowUs(), ...entry })}\n`);

let requests = 0;
const sockets = new Set();
const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const every = (n) => requests % n === 0;

/** Behaviours by name; each gets the socket and the request, and returns what it did. */
const behaviours = {
  ok: (socket) => (socket.write(GOOD), 'ok'),
  never: () => 'silent',
  'never-every': (socket) => (every(options.every) ? 'silent' : (socket.write(GOOD), 'ok')),
  'reset-before-every': (socket) =>
    every(options.every) ? (socket.resetAndDestroy(), 'reset') : (socket.write(GOOD), 'ok'),
  'reset-body-every': (socket) => {
    if (!every(options.every)) return (socket.write(GOOD), 'ok');
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it', () =>
      setTimeout(() => socket.resetAndDestroy(), 100),
    );
    return 'reset';
  },
  'cut-body-every': (socket) => {
    if (!every(options.every)) return (socket.write(GOOD), 'ok');
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it');
    return 'closed';
  },
  fin: (socket) => (socket.end(), 'closed'),
  'close-each': (socket) => {
    setTimeout(
      () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'),
      options.delayMs ?? 10,
    );
    return 'ok';
  },
  'until-fin': (socket) => (socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok'), 'ok'),
  garbage: (socket) => (socket.write('\u0001\u0002 not a word of HTTP\r\n\r\n'), 'garbage'),
  'slow-body-every': (socket) => {
    if (!every(options.every)) return (socket.write(GOOD), 'ok');
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n');
    const timer = setInterval(() => socket.write('.'), 100);
    socket.on('close', () => clearInterval(timer));
    return 'slow';
  },
  'status-every': (socket) =>
    every(options.every)
      ? (socket.write(`HTTP/1.1 ${options.status} Told\r\ncontent-length: 2\r\n\r\nno`), 'status')
      : (socket.write(GOOD), 'ok'),
  'wrong-body-every': (socket) =>
    every(options.every)
      ? (socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno'), 'wrong')
      : (socket.write(GOOD), 'ok'),
  'early-hints': (socket) => (socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${GOOD}`), 'ok'),
  chunked: (socket) => (
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n'),
    'ok'
  ),
  // The path as the body, so that whoever asked can tell whose answer it got.
  'echo-reset-every': (socket, path) =>
    every(options.every)
      ? (socket.resetAndDestroy(), 'reset')
      : (socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`), 'ok'),
  // As HEAD is answered: with a length, and without a body.
  head: (socket) => (socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n'), 'ok'),
  delayed: (socket) => (setTimeout(() => socket.writable && socket.write(GOOD), options.delayMs), 'ok'),
  // As many at a time as there are workers, each for a fixed time: a system with a capacity.
  limited: (socket) => {
    if (waiting.length >= (options.queue ?? Infinity)) {
      socket.write('HTTP/1.1 503 Full\r\ncontent-length: 2\r\n\r\nno');
      return 'status';
    }
    waiting.push(socket);
    work();
    return 'ok';
  },
  'keep-alive-race': (socket) => (socket.write(GOOD), 'ok'),
};

const waiting = [];
let busy = 0;
function work() {
  while (busy < options.atOnce && waiting.length > 0) {
    const socket = waiting.shift();
    busy++;
    setTimeout(() => {
      busy--;
      socket.write(GOOD);
      work();
    }, options.delayMs);
  }
}

const behaviour = behaviours[options.behaviour ?? 'ok'];

function onConnection(socket) {
  write({ event: 'connection' });
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  let text = '';
  let served = 0;
  if (options.behaviour === 'fin-on-accept') {
    socket.end();
    // Reads on, so that the kernel does not answer later bytes with a reset.
    socket.resume();
    return;
  }
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (options.behaviour === 'keep-alive-race' && served > 0 && served % options.every === 0) {
      // On the first byte of a later request on a connection that is used: gone, without a word.
      const id = /\r\nx-id: ([^\r]*)/i.exec(text)?.[1] ?? null;
      write({ event: 'request', id, did: 'closed', path: text.split(' ')[1] });
      served = -Infinity;
      socket.destroy();
      return;
    }
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      requests++;
      served++;
      const id = /\r\nx-id: ([^\r]*)/i.exec(`${head}\r\n`)?.[1] ?? null;
      const path = head.split(' ')[1];
      write({ event: 'request', id, did: behaviour(socket, path), path });
      if (socket.destroyed || socket.writableEnded) return;
    }
  });
}

const server = createServer({ allowHalfOpen: options.behaviour === 'fin-on-accept' }, onConnection);
const listen = (port) =>
  server.listen({ port, host: '127.0.0.1', backlog: 4096 }, () => {
    write({ event: 'listening' });
    process.send?.({ type: 'listening', port: server.address().port });
  });
listen(options.port ?? 0);

process.on('message', (order) => {
  if (order.type === 'freeze') {
    // The whole process stands still, as in a long garbage collection.
    write({ event: 'frozen' });
    const until = nowUs() + order.ms * 1000;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.ms);
    while (nowUs() < until);
    write({ event: 'thawed' });
  } else if (order.type === 'down') {
    const { port } = server.address();
    server.close();
    for (const socket of sockets) socket.destroy();
    write({ event: 'down' });
    setTimeout(() => listen(port), order.ms);
  }
});
process.on('disconnect', () => process.exit(0));
