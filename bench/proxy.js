/**
 * What a proxy without toxics costs: direct, through the real Toxiproxy and through ours, side by side in one run.
 *
 *     npm run build && node bench/proxy.js [rounds]
 *
 * RTT: 64 bytes to an echo server and back, one after another. Bulk: 256 MiB one way. Rounds are interleaved, so that a
 * busy moment of the machine meets all three; the figures are medians of the rounds. Then the accuracy of latency and
 * bandwidth of the two proxies. Origin, proxies and client are processes of their own.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const BULK_BYTES = 256 * 1024 * 1024;
const ROUND_TRIPS = 4000;

if (process.argv[2] === 'origin') serveOrigin();
else await main(Number(process.argv[2] ?? 5));

/** An echo server, and one that answers a byte for each BULK_BYTES (or what the first 8 bytes ask for). */
function serveOrigin() {
  const echo = createServer({ noDelay: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
  const sink = createServer({ noDelay: true }, (socket) => {
    let wanted;
    let got = 0;
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        wanted ??= Number(data.readBigUInt64LE(0));
        got += data.length;
        if (got >= wanted) socket.end('x');
      });
  });
  echo.listen(0, '127.0.0.1', () =>
    sink.listen(0, '127.0.0.1', () => process.send?.({ echo: echo.address().port, sink: sink.address().port })),
  );
  process.on('disconnect', () => process.exit());
}

async function main(rounds) {
  const origin = fork(fileURLToPath(import.meta.url), ['origin']);
  const [ports] = await once(origin, 'message');
  const ours = fork(fileURLToPath(new URL('../dist/proxy/main.js', import.meta.url)), ['-port', '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [hello] = await once(ours, 'message');
  const toxiproxy = await startToxiproxy();
  try {
    const ways = [{ name: 'direct', echo: ports.echo, sink: ports.sink, rtt: [], bulk: [] }];
    if (toxiproxy) ways.push(await throughProxy('Toxiproxy', toxiproxy.url, ports));
    ways.push(await throughProxy('ours', hello.url, ports));
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) {
        way.rtt.push(...(await roundTrips(way.echo, ROUND_TRIPS)));
        way.bulk.push(BULK_BYTES / 1e3 / (await bulk(way.sink, BULK_BYTES)));
      }
    }
    console.log(`${'way'.padEnd(10)} RTT p50 µs  p99 µs   bulk MB/s`);
    for (const { name, rtt, bulk } of ways) {
      console.log(
        `${name.padEnd(10)} ${us(rtt, 0.5).padStart(10)} ${us(rtt, 0.99).padStart(7)} ${quantile(bulk, 0.5).toFixed(0).padStart(11)}`,
      );
    }
    const [direct, real, own] = [ways[0], ways[1], ways.at(-1)];
    if (toxiproxy) {
      console.log(
        `ours / Toxiproxy: RTT ${(quantile(own.rtt, 0.5) / quantile(real.rtt, 0.5)).toFixed(2)} (below 1 is faster), bulk ${(quantile(own.bulk, 0.5) / quantile(real.bulk, 0.5)).toFixed(2)} (above 1 is faster)`,
      );
    }
    await accuracy(ways.slice(1), quantile(direct.rtt, 0.5));
  } finally {
    ours.kill('SIGTERM');
    toxiproxy?.child.kill('SIGTERM');
    origin.disconnect();
  }
}

/** Both proxies in turns, in several small rounds: each meets the same busy moments. */
async function accuracy(ways, directMs) {
  for (const [latency, count] of [
    [100, 8],
    [10, 60],
    [1, 150],
  ]) {
    const errors = ways.map(() => []);
    for (let round = 0; round < 6; round += 1) {
      for (const [index, way] of ways.entries()) {
        await call(`${way.api}/proxies/echo/toxics`, { type: 'latency', name: 't', attributes: { latency } });
        errors[index].push(...(await roundTrips(way.echo, count)).map((ms) => ms - latency - directMs));
        await call(`${way.api}/proxies/echo/toxics/t`, undefined, 'DELETE');
      }
    }
    for (const [index, way] of ways.entries()) {
      const figures = [0, 0.5, 0.9, 0.99, 1].map((q) => quantile(errors[index], q).toFixed(2)).join(' / ');
      console.log(`latency ${latency} ms, ${way.name}: error least / p50 / p90 / p99 / max ${figures} ms`);
    }
  }
  for (const megabytes of [1, 10, 100]) {
    const bytes = megabytes * 1_000_000;
    const shares = ways.map(() => []);
    for (let round = 0; round < 3; round += 1) {
      for (const [index, way] of ways.entries()) {
        await call(`${way.api}/proxies/sink/toxics`, {
          type: 'bandwidth',
          name: 't',
          stream: 'upstream',
          attributes: { rate: megabytes * 1000 },
        });
        shares[index].push((bytes / 1e3 / (await bulk(way.sink, bytes)) / megabytes) * 100);
        await call(`${way.api}/proxies/sink/toxics/t`, undefined, 'DELETE');
      }
    }
    for (const [index, way] of ways.entries()) {
      const figures = shares[index].map((share) => `${share.toFixed(1)} %`).join(', ');
      console.log(`bandwidth ${megabytes} MB/s, ${way.name}: achieved ${figures}`);
    }
  }
}

async function throughProxy(name, api, ports) {
  const way = { name, api, rtt: [], bulk: [] };
  for (const kind of ['echo', 'sink']) {
    const proxy = await call(`${api}/proxies`, {
      name: kind,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${ports[kind]}`,
    });
    way[kind] = Number(proxy.listen.split(':')[1]);
  }
  return way;
}

async function startToxiproxy() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  const program = process.env.TOXIPROXY_SERVER ?? 'toxiproxy-server';
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
  const missing = once(child, 'error').then(() => true);
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await Promise.race([missing, sleep(50)])) break;
    const answers = await fetch(`${url}/version`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { url, child };
  }
  console.log(`${program} cannot be started: without the comparison`);
  return undefined;
}

async function call(url, body, method = 'POST') {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

async function roundTrips(port, count) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const message = Buffer.alloc(64, 'x');
  const took = [];
  await new Promise((resolve, reject) => {
    let got = 0;
    let sentAt = performance.now();
    socket.on('error', reject).on('data', (data) => {
      got += data.length;
      if (got < message.length) return;
      took.push(performance.now() - sentAt);
      got = 0;
      if (took.length === count) {
        resolve();
        return;
      }
      sentAt = performance.now();
      socket.write(message);
    });
    socket.write(message);
  });
  socket.destroy();
  // The first ones warm the connection up.
  return took.slice(Math.min(100, Math.floor(count / 10)));
}

async function bulk(port, bytes) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const block = Buffer.alloc(256 * 1024);
  block.writeBigUInt64LE(BigInt(bytes));
  const start = performance.now();
  const done = once(socket, 'data');
  for (let sent = 0; sent < bytes; sent += block.length) {
    const part = block.subarray(0, Math.min(block.length, bytes - sent));
    if (!socket.write(part)) await once(socket, 'drain');
  }
  await done;
  socket.destroy();
  return performance.now() - start;
}

function us(values, q) {
  return (quantile(values, q) * 1000).toFixed(0);
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

async function sleep(ms) {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
