/** Throughput down, up and both ways at once, and the processor time that a proxy needs for it. */
import { cpuSeconds, goal, median, table } from './figures.js';
import { transfer } from './transfer.js';

const TOTAL_BYTES = 256 * 1024 * 1024;
const CONNECTIONS = [1, 10, 100];
const DIRECTIONS = [
  { name: 'down', up: 0, down: 1 },
  { name: 'up', up: 1, down: 0 },
  { name: 'both ways', up: 0.5, down: 0.5 },
];

export async function measureBulk(ways, rounds) {
  const cpu = ways.map(() => 0);
  let gigabytes = 0;
  for (const direction of DIRECTIONS) {
    for (const connections of CONNECTIONS) {
      const speeds = ways.map(() => []);
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, way] of ways.entries()) {
          const before = cpuSeconds(way.pid);
          speeds[index].push(await bulk(way.ports.transfer, connections, direction));
          cpu[index] += cpuSeconds(way.pid) - before;
        }
        gigabytes += TOTAL_BYTES / 1e9;
      }
      const what = `bulk ${direction.name}, ${connections} connection${connections === 1 ? '' : 's'}`;
      table(
        what,
        ['', 'MB/s'],
        ways.map((way, i) => [way.name, median(speeds[i]).toFixed(0)]),
      );
      goal(ways, what, (i) => median(speeds[i]), { atLeast: 1.5 });
    }
  }
  table(
    'processor time of the proxy',
    ['', 's/GB'],
    ways.flatMap((way, i) => (way.pid ? [[way.name, (cpu[i] / gigabytes).toFixed(2)]] : [])),
  );
  goal(ways, 'processor time per GB', (i) => cpu[i], {});
}

/** @returns MB/s, both directions together */
async function bulk(port, connections, { up, down }) {
  const share = (part) => Math.floor((TOTAL_BYTES * part) / connections);
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => transfer(port, { up: share(up), down: share(down) })),
  );
  return TOTAL_BYTES / 1000 / (performance.now() - start);
}
