/** What an open connection holds that does nothing, after it has carried a message: the growth of the proxy's RSS. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { goal, table } from './figures.js';

const WANTED = 5000;
const AT_A_TIME = 100;
const SETTLE_MS = 2000;

export async function measureMemory(ways) {
  const proxies = ways.filter(({ pid }) => pid !== undefined);
  // The proxy has two sockets a connection.
  const open = Math.min(WANTED, Math.floor((fileLimit() - 200) / 2));
  if (open < WANTED) console.log(`the limit of open files allows ${open} connections only`);
  const grown = [];
  for (const way of proxies) {
    // The first connections pay for compiled code and arenas; they are not what a connection holds.
    await closeAll(await openAll(way.ports.echo, Math.min(500, open)));
    await pause(SETTLE_MS);
    const before = rssKb(way.pid);
    const sockets = await openAll(way.ports.echo, open);
    await pause(SETTLE_MS);
    grown.push((rssKb(way.pid) - before) / open);
    await closeAll(sockets);
  }
  table(
    `memory, ${open} idle connections`,
    ['', 'KB each'],
    proxies.map((way, i) => [way.name, grown[i].toFixed(1)]),
  );
  goal(proxies, 'memory of an idle connection', (i) => grown[i], { atMost: 1 });
}

async function openAll(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const batch = Math.min(AT_A_TIME, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, async () => greet(port)))));
  }
  return sockets;
}

async function greet(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write('hello'));
    socket.on('error', reject).once('data', () => resolve(socket));
  });
}

async function closeAll(sockets) {
  await Promise.all(
    sockets.map(
      async (socket) =>
        new Promise((resolve) => {
          socket.once('close', resolve).resume().end();
        }),
    ),
  );
}

function rssKb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function fileLimit() {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  return soft === 'unlimited' ? Infinity : Number(soft);
}

async function pause(ms) {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
