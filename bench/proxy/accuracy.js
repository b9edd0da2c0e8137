/** How exactly latency, jitter and bandwidth come out, of the two proxies that have them. */
import { goal, median, quantile, table } from './figures.js';
import { roundTrips } from './round-trips.js';
import { transfer } from './transfer.js';
import { call } from './ways.js';

/** Small rounds in turns: each proxy meets the same busy moments. */
const LATENCIES = [
  { ms: 1, count: 150 },
  { ms: 10, count: 60 },
  { ms: 100, count: 20 },
];
const LATENCY_ROUNDS = 8;
const JITTER = { latency: 30, jitter: 20 };
const JITTER_CONNECTIONS = 20;
const JITTER_COUNT = 60;
/** KB/s */
const RATES = [100, 1000, 10_000, 100_000];
const BANDWIDTH_SECONDS = 5;
/** Medians of so many transfers. */
const BANDWIDTH_ROUNDS = 3;
const WINDOW_MS = 1000;

export async function compareAccuracy(ways) {
  const directMs = median(await roundTrips(ways[0].ports.echo, 64, 2000));
  const proxies = ways.filter(({ api }) => api !== undefined);
  for (const { ms, count } of LATENCIES) await latency(proxies, directMs, ms, count);
  await jitter(proxies, directMs);
  for (const rate of RATES) await bandwidth(proxies, rate);
}

async function latency(proxies, directMs, ms, count) {
  const errors = proxies.map(() => []);
  for (let round = 0; round < LATENCY_ROUNDS; round += 1) {
    for (const [index, way] of proxies.entries()) {
      await withToxic(way, 'echo', 'latency', { latency: ms }, async () => {
        const took = await roundTrips(way.ports.echo, 64, count);
        errors[index].push(...took.map((tookMs) => tookMs - ms - directMs));
      });
    }
  }
  table(
    `latency of ${ms} ms: error in ms`,
    ['', 'least', 'p50', 'p90', 'p99', 'most'],
    proxies.map((way, i) => [way.name, ...[0, 0.5, 0.9, 0.99, 1].map((q) => quantile(errors[i], q).toFixed(2))]),
  );
  goal(proxies, `median error of ${ms} ms`, (i) => median(errors[i]), { atMost: 1 });
  goal(proxies, `p99 error of ${ms} ms`, (i) => quantile(errors[i], 0.99), { atMost: 1 });
}

async function jitter(proxies, directMs) {
  const distances = [];
  for (const way of proxies) {
    await withToxic(way, 'echo', 'latency', JITTER, async () => {
      const all = await Promise.all(
        Array.from({ length: JITTER_CONNECTIONS }, async () => roundTrips(way.ports.echo, 64, JITTER_COUNT)),
      );
      const least = JITTER.latency - JITTER.jitter + directMs;
      const shares = all.flat().map((ms) => (ms - least) / (2 * JITTER.jitter));
      distances.push(distanceFromUniform(shares));
    });
  }
  const count = JITTER_CONNECTIONS * JITTER_COUNT;
  table(
    `jitter of ${JITTER.latency} ± ${JITTER.jitter} ms: Kolmogorov-Smirnov distance from uniform, ${count} round trips`,
    ['', 'distance', 'allowed'],
    proxies.map((way, i) => [way.name, distances[i].toFixed(3), (1.63 / Math.sqrt(count)).toFixed(3)]),
  );
}

async function bandwidth(proxies, rate) {
  const achieved = proxies.map(() => []);
  const most = proxies.map(() => []);
  for (let round = 0; round < BANDWIDTH_ROUNDS; round += 1) {
    for (const [index, way] of proxies.entries()) {
      await withToxic(way, 'transfer', 'bandwidth', { rate }, async () => {
        const arrivals = [];
        const start = performance.now();
        await transfer(way.ports.transfer, { up: 0, down: rate * 1000 * BANDWIDTH_SECONDS }, (bytes) => {
          arrivals.push({ atMs: performance.now() - start, bytes });
        });
        achieved[index].push((1000 * BANDWIDTH_SECONDS) / (arrivals.at(-1)?.atMs ?? 0));
        most[index].push(mostInAWindow(arrivals) / (rate * WINDOW_MS));
      });
    }
  }
  const percent = (share) => `${(share * 100).toFixed(2)} %`;
  table(
    `bandwidth of ${rate / 1000} MB/s over ${BANDWIDTH_SECONDS} s`,
    ['', 'achieved', 'best 1 s'],
    proxies.map((way, i) => [way.name, percent(median(achieved[i])), percent(median(most[i]))]),
  );
  const miss = (i) => Math.abs(1 - median(achieved[i]));
  goal(proxies, `what ${rate / 1000} MB/s misses`, miss, { atMost: 1 });
}

async function withToxic(way, kind, type, attributes, work) {
  await call(`${way.api}/proxies/${kind}/toxics`, { type, name: 't', attributes });
  await work();
  await call(`${way.api}/proxies/${kind}/toxics/t`, undefined, 'DELETE');
}

/** The most bytes that came within WINDOW_MS; what opens the window had been on its way before. */
function mostInAWindow(arrivals) {
  let most = 0;
  let first = 0;
  let within = 0;
  for (const { atMs, bytes } of arrivals) {
    within += bytes;
    while (atMs - (arrivals[first]?.atMs ?? atMs) >= WINDOW_MS) {
      within -= arrivals[first]?.bytes ?? 0;
      first += 1;
    }
    most = Math.max(most, within - (arrivals[first]?.bytes ?? 0));
  }
  return most;
}

/** @param {number[]} shares which should be uniform in [0, 1) */
function distanceFromUniform(shares) {
  const sorted = [...shares].sort((a, b) => a - b);
  const distances = sorted.map((share, i) =>
    Math.max(Math.abs(share - i / sorted.length), Math.abs(share - (i + 1) / sorted.length)),
  );
  return Math.max(...distances);
}
