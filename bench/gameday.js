// What the live page costs the run: the scheduling lag of the load while 20 browsers look, against none, in one run.
// Usage: node bench/gameday.js [viewers] [seconds per stretch]
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const [viewers = 20, stretchS = 10] = process.argv.slice(2).map(Number);
const PAIRS = 3;
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
const [front, back, link] = [18180, 18181, 18182];
const length = 2 * PAIRS * stretchS + 30;
writeFileSync(
  join(folder, 'bench.yaml'),
  `plimsoll: 1
name: bench
system:
  start: node ${resolve('test/e2e/services.js')} ${front} ${back} ${link}
  ready: http://127.0.0.1:${front}/readyz
  services: { front: { url: 'http://127.0.0.1:${front}' }, back: { url: 'http://127.0.0.1:${back}' } }
  links: { front-back: { from: front, to: back, listen: 127.0.0.1:${link}, upstream: 127.0.0.1:${back}, protocol: http, canary: { path: / } } }
load: { rate: 200/s, deadline: 2s, requests: [{ name: home, service: front, path: / }] }
phases: { warmup: 2s, baseline: ${Math.max(20, length)}s, fault: 20s, recovery: 5s }
faults: [{ type: latency, link: front-back, latency: 50ms }]
slos: [{ name: up, indicator: availability, objective: '>= 50%' }]
`,
);
const run = spawn(process.execPath, [resolve('dist/cli.js'), 'gameday', 'bench.yaml', '--stay', '0'], {
  cwd: folder,
  env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
  stdio: ['ignore', 'ignore', 'pipe'],
});
let text = '';
run.stderr.on('data', (chunk) => (text += chunk));
try {
  while (!/#\S+/.test(text)) await wait(50);
  const url = new URL(/http:\S+/.exec(text)[0]);
  const events = () => {
    const [name] = readdirSync(join(folder, 'reports')).filter((entry) => entry.startsWith('bench-'));
    return readFileSync(join(folder, 'reports', name, 'events.ndjson'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };
  while (!/baseline, /.test(text)) {
    if (run.exitCode !== null) throw new Error(text);
    await wait(100);
  }
  const nowS = () => events().at(-1).t;
  const stretches = [];
  for (let k = 0; k < 2 * PAIRS; k++) {
    const looking = k % 2 === 1;
    const streams = looking ? await Promise.all(Array.from({ length: viewers }, () => look(url))) : [];
    await wait(1500);
    const fromS = nowS();
    await wait(stretchS * 1000);
    stretches.push({ looking, fromS, toS: nowS(), bytes: streams.reduce((sum, stream) => sum + stream.bytes, 0) });
    for (const stream of streams) stream.response.destroy();
  }
  const health = events().filter(({ type }) => type === 'driver.health');
  const lags = (looking) =>
    health
      .filter(({ second }) =>
        stretches.some((one) => one.looking === looking && second >= one.fromS && second < one.toS),
      )
      .map(({ schedulingLagP99Ms }) => schedulingLagP99Ms)
      .sort((a, b) => a - b);
  const median = (list) => list[Math.floor(list.length / 2)];
  const [none, some] = [lags(false), lags(true)];
  const kilobytes = stretches.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 / PAIRS / stretchS / viewers;
  console.log(`scheduling lag of the load, p99 of each second, median over ${none.length} and ${some.length} seconds:`);
  console.log(`  nobody looks   ${median(none).toFixed(2)} ms (worst second ${none.at(-1).toFixed(1)} ms)`);
  console.log(
    `  ${String(viewers).padEnd(2)} viewers     ${median(some).toFixed(2)} ms (worst second ${some.at(-1).toFixed(1)} ms)`,
  );
  console.log(
    `  ratio          ${(median(some) / median(none)).toFixed(2)}; ${kilobytes.toFixed(0)} KB a second to each viewer`,
  );
} finally {
  run.kill('SIGINT');
  await new Promise((ended) => run.once('close', ended));
  rmSync(folder, { recursive: true, force: true });
}

/** Signs in and reads the stream as a browser does. */
async function look(url) {
  const headers = { origin: url.origin, 'content-type': 'application/json' };
  const body = JSON.stringify({ token: url.hash.slice(1) });
  const session = await fetch(new URL('session', url), { method: 'POST', headers, body });
  const cookie = session.headers.get('set-cookie').split(';')[0];
  return new Promise((opened, failed) => {
    const sent = request(new URL('events', url), { headers: { cookie } }, (response) => {
      const stream = { response, bytes: 0 };
      response.on('data', (chunk) => (stream.bytes += chunk.length));
      response.on('error', () => undefined);
      opened(stream);
    });
    sent.on('error', failed);
    sent.end();
  });
}
