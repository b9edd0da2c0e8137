// The project's test command. Alone: unit, integration and end-to-end tests, as far as this machine has what they need.
// With PLIMSOLL_REQUIRE set, the parts it names must be there, and the scenarios run for real as well.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Folders whose tests compute, or wait, and measure neither time nor memory: they go beside the whole runs, at a lower
 * priority, and share one process, since a fresh one for each file costs half as much again as the tests themselves.
 */
const PURE = [
  'scenario',
  'verdict',
  'meta',
  'metrics',
  // With a browser it strains the machine, and whole runs beside it would have no verdict.
  ...(process.env.PLIMSOLL_REQUIRE ? [] : ['report']),
  'reporters',
  'result',
  'plan',
  'cli',
  'init',
  'action',
].map((name) => `test/${name}/`);
/**
 * Whole runs beside each other: all of test/e2e/run.test.ts, since each waits for its twenty seconds of baseline. Where the
 * real parts are there too, other things go beside them, and those that need a verdict must not begin with all the others.
 */
const RUNS_AT_ONCE = process.env.PLIMSOLL_REQUIRE ? 5 : 7;

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
const leftOut = join(folder, 'left-out.txt');
const vitest = ['node_modules/vitest/vitest.mjs', 'run'];
const noLong = ['--exclude', '**/*.long.test.ts'];

let passed = 0;
let failed = 0;
let broken = false;

const chosen = process.argv.slice(2);
if (chosen.length > 0) await run([...vitest, ...chosen, '--exclude', 'test/e2e/**', ...noLong]);
else {
  const apart = ['e2e/', ...PURE.map((name) => name.slice('test/'.length))].flatMap((name) => [
    '--exclude',
    `test/${name}**`,
  ]);
  await run([...vitest, ...apart, ...noLong]);
  // Whole runs measure time: nothing that matters to a clock goes beside them.
  const pure = run([...vitest, '--maxWorkers=1', '--no-isolate', ...PURE, ...noLong], { aside: true });
  await run([...vitest, '--maxWorkers=1', `--maxConcurrency=${RUNS_AT_ONCE}`, 'test/e2e/', ...noLong]);
  await pure;
  if (process.env.PLIMSOLL_REQUIRE) await run(['test/support/run-scenarios.js']);
}
sayWhatWasLeftOut();
rmSync(folder, { recursive: true, force: true });

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = broken || failed > 0 ? 1 : 0;

function sayWhatWasLeftOut() {
  if (!existsSync(leftOut)) return;
  const lines = [...new Set(readFileSync(leftOut, 'utf8').trim().split('\n'))].filter(Boolean).sort();
  console.log('\nLeft out, because this machine does not have what they need (docs/testing.md says how to get it):');
  for (const line of lines) console.log(`  - ${line}`);
}

/** Runs one part and adds its counts. Aside: at a lower priority, and what it prints is shown when it has ended. */
async function run(argv, { aside = false } = {}) {
  const files = mkdtempSync(join(folder, 'part-'));
  const counts = join(files, 'counts.json');
  const child = spawn(process.execPath, argv, {
    stdio: ['inherit', aside ? 'pipe' : 'inherit', 'inherit'],
    env: { ...process.env, PLIMSOLL_LEFT_OUT: leftOut, PLIMSOLL_COUNTS: counts },
  });
  if (aside) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.stdout.write(output);
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
