// The project's test command. Alone: unit, integration and end-to-end tests, as far as this machine has what they need.
// With PLIMSOLL_REQUIRE set, the parts it names must be there, and the scenarios run for real as well.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
const counts = join(folder, 'counts.json');
const env = { ...process.env, PLIMSOLL_LEFT_OUT: join(folder, 'left-out.txt'), PLIMSOLL_COUNTS: counts };
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)];

let passed = 0;
let failed = 0;
let broken = false;

run([...vitest, '--exclude', 'test/e2e/**', '--exclude', '**/*.long.test.ts']);
// Whole runs measure time: they have the machine to themselves.
if (process.argv.length === 2) run([...vitest, '--maxWorkers=1', 'test/e2e']);
if (process.env.PLIMSOLL_REQUIRE && process.argv.length === 2) run(['test/support/run-scenarios.js']);
rmSync(folder, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = broken || failed > 0 ? 1 : 0;

function run(argv) {
  rmSync(counts, { force: true });
  const { status } = spawnSync(process.execPath, argv, { stdio: 'inherit', env });
  if (status !== 0) broken = true;
  try {
    const counted = JSON.parse(readFileSync(counts, 'utf8'));
    passed += counted.passed;
    failed += counted.failed;
  } catch {
    // It ended before it could count.
    failed++;
  }
}
