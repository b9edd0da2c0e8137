// How long it takes to read, fold and judge a run, and how much memory:
//   node bench/judge.js [arrivals = 10000000] [SLOs = 10]
//
// Writes the records of a run of 50 s to a temporary folder, then works on them in two processes of their own: one only reads
// them, one judges them too. The ratio is what judging costs on top of reading. The ten SLOs are ten different ones, two of
// them of one request and two with a recovery, and each comes to a verdict: one that is `inconclusive` at once is cheap.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArrivalsFile } from '../dist/record/arrivals-file.js';
import { emptyColumns } from '../dist/record/arrivals-reader.js';
import { openRunDirectory } from '../dist/record/run-directory.js';
import { foldRun } from '../dist/result/fold.js';
import { readRecords } from '../dist/result/load-run.js';
import { randomAt } from '../dist/support/random.js';

const SECONDS = 50;
const [first = '10000000', second = '10'] = process.argv.slice(2);
if (first === 'read' || first === 'judge') work(first, second);
else compare(Number(first), Number(second));

function compare(count, sloCount) {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-judge-'));
  try {
    write(folder, Math.round(count / SECONDS), sloCount);
    const [read, judged] = ['read', 'judge'].map((what) => {
      const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), what, folder], { encoding: 'utf8' });
      if (child.status !== 0) throw new Error(`${what} failed: ${child.stderr}`);
      return JSON.parse(child.stdout);
    });
    const shown = ({ ms, cpuMs, mb }) =>
      `${(ms / 1000).toFixed(2)} s (${(cpuMs / 1000).toFixed(2)} s of processor time), ${mb} MB`;
    console.log(`${count} arrivals, ${sloCount} SLOs: read ${shown(read)}; read, fold and judge ${shown(judged)}`);
    console.log(`verdicts: ${judged.verdicts}`);
    console.log(`ratio judge ÷ read, processor time: ${(judged.cpuMs / read.cpuMs).toFixed(1)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads, and judges if asked to; prints time, peak memory and verdicts. */
function work(what, folder) {
  const before = process.cpuUsage();
  const started = performance.now();
  const records = readRecords(openRunDirectory(folder));
  const result = what === 'judge' ? foldRun(records) : undefined;
  const ms = Math.round(performance.now() - started);
  const { user, system } = process.cpuUsage(before);
  const cpuMs = Math.round((user + system) / 1000);
  const mb = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ ms, cpuMs, mb, verdicts: result?.slos.map(({ verdict }) => verdict).join(' ') }));
}

/** Baseline [0, 20), fault [20, 40), recovery [40, 50); a bad arrival in a thousand. */
function write(folder, rate, sloCount) {
  const header = {
    name: 'main',
    model: 'open',
    ratePerSecond: rate,
    arrivals: 'uniform',
    requests: ['get', 'put'],
    deadlinesUs: [2e6, 2e6],
  };
  const about = { formatVersion: 1, runId: 'bench001', seed: 1, t0Us: 0, streams: [header] };
  const file = ArrivalsFile.create(join(folder, 'arrivals.bin'), about);
  for (let s = 0; s < SECONDS; s++) {
    const columns = emptyColumns(rate);
    const slower = s >= 20 && s < 40 ? 1.04 : 1;
    for (let k = 0; k < rate; k++) {
      const index = s * rate + k;
      const bad = randomAt(1, 'bad', index) < 0.001;
      columns.index[k] = index;
      columns.dueUs[k] = (index * 1e6) / rate;
      columns.responseUs[k] = slower * (20_000 + 30_000 * randomAt(1, 'time', index));
      columns.status[k] = bad ? 500 : 200;
      columns.outcome[k] = bad ? 2 : 0;
      columns.request[k] = index % 4 === 0 ? 1 : 0;
    }
    file.append({ stream: 0, columns });
  }
  file.close();
  const window = (kind, from, to) => [
    { t: from, type: 'window.opened', window: kind, trial: 1, atUs: from * 1e6 },
    { t: to, type: 'window.closed', window: kind, trial: 1, atUs: to * 1e6 },
  ];
  const points = (value) => [{ type: 'points', value }];
  const share = (value) => [{ type: 'relative', value }];
  const latency = (quantile, population = 'all') => ({ type: 'latency', quantile, population });
  const kinds = [
    { indicator: { type: 'availability' }, tolerances: points(0.002), recoverWithinS: 3 },
    { indicator: latency(0.95), tolerances: share(0.1), objective: { op: '<=', value: 0.06, during: 'fault' } },
    { indicator: { type: 'throughput' }, tolerances: share(0.1) },
    { indicator: latency(0.99, 'ok'), tolerances: [{ type: 'seconds', value: 0.01 }] },
    { indicator: { type: 'latency-under', limitS: 0.045 }, tolerances: points(0.02) },
    { indicator: latency(0.5), tolerances: share(0.1), request: 'put' },
    { indicator: { type: 'error-rate' }, tolerances: [], objective: { op: '<=', value: 0.01, during: 'fault' } },
    { indicator: { type: 'status', status: 200 }, tolerances: points(0.01), request: 'get' },
    { indicator: latency(0.999), tolerances: [], objective: { op: '<=', value: 0.051, during: 'fault' } },
    { indicator: latency(0.9), tolerances: share(0.2), recoverWithinS: 3 },
  ];
  const slos = Array.from({ length: sloCount }, (_, i) => ({
    name: `slo ${i + 1}`,
    indicatorText: kinds[i % kinds.length].indicator.type,
    severity: 'critical',
    combine: 'all',
    direction: 'worse',
    confidence: 0.95,
    minClusterSize: 1,
    ...kinds[i % kinds.length],
  }));
  const topology = { services: [], links: [] };
  const events = [
    { t: 0, type: 'plan.resolved', slos, faults: [], invariants: [], topology, power: [], warnings: [] },
    ...Array.from({ length: SECONDS }, (_, second) => ({
      t: second + 1,
      type: 'driver.health',
      driver: 'open',
      second,
      schedulingLagP99Ms: 0.5,
      eventLoopDelayP99Ms: 1,
      cpuShare: 0.2,
      clockJumpMs: 0,
      localLimitErrors: 0,
    })),
    ...window('baseline', 0, 20),
    ...window('fault', 20, 40),
    ...window('recovery', 40, 50),
    { t: 50, type: 'run.ended', verdict: 'passed', exitCode: 0, sentence: '', ledger: [], cleanupProven: true },
  ].map((event, i) => JSON.stringify({ v: 1, seq: i + 1, ...event }));
  writeFileSync(join(folder, 'events.ndjson'), `${events.join('\n')}\n`);
}
