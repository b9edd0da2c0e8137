// Runs every scenario in scenarios/ for real, one after another, and says what each came to.
// Usage: node test/support/run-scenarios.js [file…]
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const files =
  process.argv.length > 2
    ? process.argv.slice(2)
    : readdirSync('scenarios')
        .filter((name) => name.endsWith('.yaml'))
        .sort()
        .map((name) => join('scenarios', name));

const runs = mkdtempSync(join(tmpdir(), 'plimsoll-scenarios-'));
let passed = 0;
let failed = 0;
for (const file of files) {
  const started = process.hrtime.bigint();
  const { code, output } = await run(file);
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000_000n);
  console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${file}  exit ${code}, ${seconds} s`);
  if (code === 0) passed++;
  else {
    failed++;
    console.log(output);
  }
}
rmSync(runs, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One scenario through the command line, as a user runs it. */
function run(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/cli.js', 'run', file, '--out', runs], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}
