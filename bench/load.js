// How much load the open model can make on this machine, and what it costs: a ladder of rates against a plain node:http
// server in a process of its own. Records, tracing headers and histograms are on, as in a run.
//
// usage: npm run build && node bench/load.js [rate …]     one line a rate, then the highest that was sustained, as JSON
//
// Sustained means: no arrival dropped or unsent, 99.9 % ok, p99 from due at most 10 ms, and the driver's own gates green.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createLoadDriver } from '../dist/load/index.js';
import { OUTCOMES } from '../dist/record/outcomes.js';
import { systemClock } from '../dist/support/clock.js';

const WARMUP_S = 3;
const MEASURED_S = 5;
const LADDER = [1000, 2000, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000];

if (process.argv[2] === '--server') serve();
else await climb(process.argv.slice(2).map(Number));

/** @param {number[]} rates */
async function climb(rates) {
  const server = fork(new URL(import.meta.url).pathname, ['--server'], { execArgv: [] });
  const [{ port }] = await once(server, 'message');
  let best = null;
  try {
    for (const rate of rates.length > 0 ? rates : LADDER) {
      const step = await measure(rate, `http://127.0.0.1:${port}/`);
      console.error(
        `${String(rate).padStart(6)}/s  ${step.sustained ? 'held' : 'not held'}  p50 ${step.p50Ms.toFixed(2)} ms  ` +
          `p99 ${step.p99Ms.toFixed(2)} ms  ${step.cores.toFixed(2)} cores  ${step.cpuUsARequest.toFixed(1)} µs a request  ` +
          `${Math.round(step.rssMb)} MB  ${step.reasons.join('; ')}`,
      );
      if (step.sustained) best = step;
      // Two steps beyond the limit tell nothing more.
      else if (best && rate > best.rate * 2) break;
    }
  } finally {
    server.kill();
  }
  console.log(JSON.stringify({ tool: 'plimsoll open model', best }));
}

/**
 * @param {number} rate a second
 * @param {string} url
 */
async function measure(rate, url) {
  const driver = createLoadDriver({
    runId: 'bench001',
    seed: 1,
    streams: [
      {
        model: 'open',
        name: 'bench',
        ratePerSecond: rate,
        arrivals: 'uniform',
        connections: 50,
        inFlightCap: rate * 10,
        requests: [
          {
            name: 'get',
            method: 'GET',
            url,
            headers: {},
            body: undefined,
            weight: 1,
            deadlineMs: 5000,
            expect: { status: [[200, 299]], bodyContains: undefined, bodyJson: undefined },
          },
        ],
        data: {},
        tracing: true,
        tls: { insecure: false },
      },
    ],
  });
  const responses = [];
  const counts = OUTCOMES.map(() => 0);
  const health = [];
  driver.onSecond((batch) => {
    if (batch.health.second >= WARMUP_S) health.push(batch.health);
    for (const { columns } of batch.chunks) {
      for (let k = 0; k < columns.index.length; k++) {
        if (columns.dueUs[k] < WARMUP_S * 1e6) continue;
        counts[columns.outcome[k]]++;
        responses.push(columns.responseUs[k]);
      }
    }
  });
  try {
    await driver.prepare(AbortSignal.timeout(20_000));
    await driver.start(systemClock.nowUs() + 50_000);
    await systemClock.sleep((WARMUP_S + MEASURED_S) * 1000);
    await driver.stop({ atUs: (WARMUP_S + MEASURED_S) * 1e6, drain: true });
  } finally {
    await driver.dispose();
  }
  const sorted = Float64Array.from(responses).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] / 1000;
  const whole = health.slice(0, MEASURED_S);
  const cores = whole.reduce((sum, { cpuShare }) => sum + cpuShare, 0) / whole.length;
  const bad = counts.flatMap((count, position) =>
    count > 0 && OUTCOMES[position] !== 'ok' ? [`${count} ${OUTCOMES[position]}`] : [],
  );
  const okShare = counts[0] / responses.length;
  const gates = [...new Set(whole.flatMap(({ invalid }) => invalid ?? []))];
  return {
    rate,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cores,
    cpuUsARequest: (cores * 1e6) / rate,
    rssMb: Math.max(...whole.map(({ rssBytes }) => rssBytes)) / 1e6,
    sustained:
      okShare >= 0.999 && at(0.99) <= 10 && gates.length === 0 && !bad.some((reason) => /dropped|unsent/.test(reason)),
    reasons: [...bad, ...gates],
  };
}

function serve() {
  const server = createServer((_request, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.on('disconnect', () => process.exit(0));
}
