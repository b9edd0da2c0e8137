/** Messages to the echo server and back, one after another. The cost is what a proxy adds to a direct one. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { goal, median, quantile, table } from './figures.js';

const SIZES = [
  { name: '64 B', bytes: 64, count: 3000 },
  { name: '1 KB', bytes: 1024, count: 3000 },
  { name: '64 KB', bytes: 65_536, count: 1000 },
];

export async function measureRoundTrips(ways, rounds) {
  for (const { name, bytes, count } of SIZES) {
    const took = ways.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, way] of ways.entries()) {
        took[index].push(...(await roundTrips(way.ports.echo, bytes, count)).slice(count / 10));
      }
    }
    const directMs = median(took[0]);
    const us = (ms) => (ms * 1000).toFixed(0);
    table(
      `round trip of ${name}`,
      ['', 'p50 µs', 'p99 µs', 'cost µs'],
      ways.map((way, i) => [
        way.name,
        us(median(took[i])),
        us(quantile(took[i], 0.99)),
        us(median(took[i]) - directMs),
      ]),
    );
    goal(ways, `median cost of ${name}`, (i) => median(took[i]) - directMs, { atMost: 0.7 });
    goal(ways, `p99 of ${name}`, (i) => quantile(took[i], 0.99), {});
  }
}

/** @returns {Promise<number[]>} milliseconds */
export async function roundTrips(port, bytes, count) {
  const message = Buffer.alloc(bytes, 'x');
  const took = [];
  let got = 0;
  let sentAt = 0;
  let done = () => undefined;
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(64 * 1024),
      callback(received) {
        got += received;
        if (got < bytes) return true;
        took.push(performance.now() - sentAt);
        got = 0;
        if (took.length === count) done();
        else send();
        return true;
      },
    },
  });
  const send = () => {
    sentAt = performance.now();
    socket.write(message);
  };
  await once(socket, 'connect');
  await new Promise((resolve, reject) => {
    done = resolve;
    socket.once('error', reject);
    send();
  });
  socket.destroy();
  return took;
}
