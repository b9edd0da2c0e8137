/** New connections a second: open, a byte there and back, close; so many at a time. */
import { connect } from 'node:net';
import { cpuSeconds, goal, median, table } from './figures.js';

const COUNT = 1500;
const AT_A_TIME = [1, 50];

export async function measureConnections(ways, rounds) {
  for (const atATime of AT_A_TIME) {
    const rates = ways.map(() => []);
    const cpu = ways.map(() => 0);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, way] of ways.entries()) {
        const before = cpuSeconds(way.pid);
        rates[index].push(await connectionsASecond(way.ports.echo, atATime));
        cpu[index] += cpuSeconds(way.pid) - before;
      }
    }
    table(
      `new connections, ${atATime} at a time`,
      ['', 'a second', 'proxy µs'],
      ways.map((way, i) => [
        way.name,
        median(rates[i]).toFixed(0),
        way.pid ? ((cpu[i] * 1e6) / (COUNT * rounds)).toFixed(0) : '',
      ]),
    );
    goal(ways, `new connections a second, ${atATime} at a time`, (i) => median(rates[i]), { atLeast: 1.2 });
  }
}

async function connectionsASecond(port, atATime) {
  const start = performance.now();
  let left = COUNT;
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (left > 0) {
        left -= 1;
        await visit(port);
      }
    }),
  );
  return (COUNT * 1000) / (performance.now() - start);
}

async function visit(port) {
  await new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write('x'));
    socket
      .on('error', reject)
      .once('data', () => socket.destroy())
      .once('close', resolve);
  });
}
