// Runs every scenario in scenarios/ for real, one after another, on the sound shop, where each must pass; then those of
// the practices with the defect that they are there to find (detections.js), where each must fail, for the right reason.
// In a CI (CI set) only a third of the defects, another one with other commits: all of them are what test:matrix is for.
// Those whose names begin with container- or compose- are on the shop of docker-compose.yml: left out, and said so, where
// no Docker Engine answers and PLIMSOLL_REQUIRE does not name docker.
// Two at a time where this user may make network namespaces (Linux, root), see scenario-runs.js; those that strain the
// whole machine go alone, and so does every second try.
// Usage: node test/support/run-scenarios.js [--sound | --defects] [--rounds N] [--lanes N] [file…]
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DETECTIONS } from './detections.js';
import { ALONE, brokenBy, found, isUndecided, lanesHere, onCompose, scenarioRunner, TRIES } from './scenario-runs.js';

/** How many scenarios may stay without a verdict. */
const MOST_UNDECIDED = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sound: { type: 'boolean' },
    defects: { type: 'boolean' },
    rounds: { type: 'string', default: '1' },
    lanes: { type: 'string' },
  },
});
const files =
  positionals.length > 0
    ? positionals
    : readdirSync('scenarios')
        .filter((name) => name.endsWith('.yaml'))
        .sort()
        .map((name) => join('scenarios', name));

let passed = 0;
let failed = 0;
const undecided = [];
const lanes = lanesHere(values.lanes);
const { runTogether, end } = scenarioRunner(lanes);
await runAll(Array.from({ length: Number(values.rounds) }, jobsOfRound).flat());
end();
for (const line of undecided) console.log(`UNDECIDED  ${line}`);
if (undecided.length > MOST_UNDECIDED) {
  failed += undecided.length;
  console.log(
    `${undecided.length} scenarios without a verdict are too many (at most ${MOST_UNDECIDED}): all count as failed`,
  );
}
if (process.env.PLIMSOLL_COUNTS) writeFileSync(process.env.PLIMSOLL_COUNTS, JSON.stringify({ passed, failed }));
else console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Each scenario on the sound shop, then each defect on the scenario that must find it. */
function jobsOfRound() {
  const sound = values.defects ? [] : files;
  const broken = values.sound
    ? []
    : detectionsNow().flatMap((one) => {
        const file = files.find((path) => basename(path) === one.scenario);
        return file === undefined ? [] : [{ ...one, file }];
      });
  return [...sound.map((file) => ({ file })), ...broken];
}

/** All, or the third whose turn it is with this commit; what is left out is told. */
function detectionsNow() {
  if (!process.env.CI) return DETECTIONS;
  const { stdout } = spawnSync('git', ['rev-parse', '--short=6', 'HEAD'], { encoding: 'utf8' });
  const turn = (Number.parseInt(stdout, 16) || 0) % 3;
  const now = DETECTIONS.filter((_, index) => index % 3 === turn);
  const others = DETECTIONS.filter((one) => !now.includes(one)).map(({ defect }) => defect);
  console.log(`defects whose turn it is with other commits (npm run test:matrix runs all): ${others.join(', ')}`);
  return now;
}

/**
 * As many at a time as there are lanes, begun together and all waited for. The composed shop has its ports once, so at
 * most one of a batch is on it; it is brought up once for all, since that takes longer than `start`, and taken down when
 * the last of them has ended.
 */
async function runAll(jobs) {
  const composed = jobs.filter(({ file }) => onCompose(file));
  const alone = jobs.filter(({ file }) => ALONE.test(basename(file)));
  const others = jobs.filter((job) => !composed.includes(job) && !alone.includes(job));
  if (composed.length > 0 && !composeUp(composed)) composed.length = 0;
  const isUp = composed.length > 0;
  try {
    while (composed.length > 0) await runTogether([composed.shift(), ...others.splice(0, lanes - 1)], conclude);
  } finally {
    if (isUp && !composedShop('down')) failed++;
  }
  while (others.length > 0) await runTogether(others.splice(0, lanes), conclude);
  for (const job of alone) await runTogether([job], conclude);
}

/** Reports what came out. */
function conclude(job, run) {
  const { file, defect } = job;
  if (!defect) {
    report(run.code === 0, file, run);
    return;
  }
  const broke = run.code === 1 ? brokenBy(run.result) : [];
  report(found(run, job), `${file} with ${defect}${broke.length > 0 ? ` (broke: ${broke.join(', ')})` : ''}`, run);
}

/** False, with the reason told or counted, where the composed shop can't be had. */
function composeUp(composed) {
  const required = (process.env.PLIMSOLL_REQUIRE ?? '').split(',').some((part) => /^(docker|all)$/.test(part.trim()));
  if (!required && spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 10_000 }).status !== 0) {
    console.log(`left out  ${composed.map(({ file }) => file).join(', ')}: no Docker Engine answers`);
    return false;
  }
  if (composedShop('up')) return true;
  failed += composed.length;
  composedShop('down');
  return false;
}

function composedShop(command) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/shop/compose/shop.js', command], {
    encoding: 'utf8',
  });
  if (status !== 0) console.log(`FAILED  docker:${command}: exit ${status}\n${stdout}${stderr}`);
  else if (command === 'up') console.log(/^The composed shop is open.*$/m.exec(stdout)?.[0]);
  return status === 0;
}

/** What stays without a verdict is neither passed nor failed: it is named at the end, and more than a few fail the campaign. */
function report(good, what, run) {
  const { code, output, seconds } = run;
  if (!good && isUndecided(run)) {
    undecided.push(`${what}: ${run.result.sentence}`);
    console.log(`UNDECIDED  ${what}: exit ${code}, ${seconds} s, ${TRIES} tries`);
    console.log(output);
    return;
  }
  console.log(`${good ? 'passed' : 'FAILED'}  ${what}: exit ${code}, ${seconds} s`);
  if (good) passed++;
  else {
    failed++;
    console.log(output);
  }
}
