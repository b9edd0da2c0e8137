// The conductor's memory while it records and judges a lot: 100 s at 10,000 arrivals a second.
// Usage: node bench/memory.js [rate per second] [seconds of baseline and of fault]   (build first)
// Goal: at most 150 MB at 10,000/s over 100 s. Linux only: the peak is read from /proc.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

if (process.argv[2] === '--server') serve();
else await measure(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 50));

/** The target, in a process of its own. */
function serve() {
  const server = createServer((_, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

async function measure(rate, seconds) {
  const server = spawn(process.execPath, [process.argv[1], '--server'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => server.stdout.once('data', (chunk) => resolve(Number(chunk))));
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-memory-'));
  const file = join(folder, 'memory.yaml');
  writeFileSync(
    file,
    `plimsoll: 1
name: memory
load: { rate: ${rate}/s, deadline: 1s, requests: [{ name: home, url: 'http://127.0.0.1:${port}/' }] }
phases: { warmup: 3s, baseline: ${seconds}s, fault: ${seconds}s, recovery: 6s }
slos:
  - { name: availability, indicator: availability, objective: '>= 99%', tolerance: 0.1pp }
  - { name: p95, indicator: latency p95, tolerance: 100ms }
`,
  );
  const cli = spawn(process.execPath, ['dist/cli.js', 'run', file, '--out', folder, '--quiet'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let peakKb = 0;
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${cli.pid}/status`, 'utf8');
      peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peakKb);
    } catch {
      // It has just ended.
    }
  }, 50);
  await new Promise((resolve) => cli.once('close', resolve));
  clearInterval(poll);
  server.kill();
  rmSync(folder, { recursive: true, force: true });
  console.log(`\nconductor: peak ${(peakKb / 1024).toFixed(0)} MB at ${rate}/s over ${2 * seconds} s`);
}
