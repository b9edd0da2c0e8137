// Runs every scenario in scenarios/ for real, one after another, on the sound shop, where each must pass; then those of
// the practices with the defect that they are there to find, where each must fail with exit 1, for the right SLO.
// Those whose names begin with container- or compose- are on the shop of docker-compose.yml: left out, and said so, where
// no Docker Engine answers and PLIMSOLL_REQUIRE does not name docker.
// Two at a time where this user may make network namespaces (Linux, root): each then has a loopback, and so all ports, of
// its own. They begin together, so that the start of one never falls into what another one measures; those that strain
// the whole machine go alone, and so does every second try.
// Usage: node test/support/run-scenarios.js [--sound | --defects] [--rounds N] [--lanes N] [file…]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/** The defects, the scenario that must find each, and the SLOs of which at least one must have failed. */
const DEFECTS = [
  { file: 'fail-fast.yaml', defect: 'no-deadline', slos: ['quote in time', 'checkout in time'] },
  { file: 'isolation.yaml', defect: 'no-bulkhead', slos: ['browse p95', 'browse in time'] },
  { file: 'fallback.yaml', defect: 'no-fallback', slos: ['availability'] },
  { file: 'containment.yaml', defect: 'crash-on-handler-error', slos: ['availability', 'browse in time'] },
  { file: 'containment.yaml', defect: 'crash-on-detached-error', slos: ['availability', 'browse in time'] },
];

/** Strain the whole machine, or measure it: nothing may run beside them. */
const ALONE = /^(capacity|cpu-stress|memory-stress|disk-fill)\./;

/** How often a run without a verdict is tried, and how many scenarios may stay without one. */
const TRIES = 3;
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

const onCompose = (file) => /^(container|compose)-/.test(basename(file));

const runs = mkdtempSync(join(tmpdir(), 'plimsoll-scenarios-'));
let passed = 0;
let failed = 0;
const undecided = [];
const lanes = Number(
  values.lanes ?? (spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0 ? 2 : 1),
);
await runAll(Array.from({ length: Number(values.rounds) }, jobsOfRound).flat());
rmSync(runs, { recursive: true, force: true });
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
  const broken = values.sound ? [] : DEFECTS.filter(({ file }) => files.some((path) => basename(path) === file));
  return [
    ...sound.map((file) => ({ file })),
    ...broken.map((one) => ({ ...one, file: files.find((path) => basename(path) === one.file) })),
  ];
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
    while (composed.length > 0) await runTogether([composed.shift(), ...others.splice(0, lanes - 1)]);
  } finally {
    if (isUp && !composedShop('down')) failed++;
  }
  while (others.length > 0) await runTogether(others.splice(0, lanes));
  for (const job of alone) await conclude(job);
}

async function runTogether(batch) {
  if (batch.length === 1) return conclude(batch[0]);
  const firstRuns = await Promise.all(batch.map(({ file, defect }) => runScenario(file, defect)));
  for (const [index, job] of batch.entries()) await conclude(job, firstRuns[index]);
}

/** Tries again, alone, while there is no verdict, and reports what came out. */
async function conclude({ file, defect, slos }, firstRun) {
  const run = await decided(file, defect, firstRun);
  if (!defect) {
    report(run.code === 0, file, run);
    return;
  }
  const broken = run.code === 1 ? run.result.slos.filter((slo) => slo.verdict === 'failed').map((slo) => slo.name) : [];
  const right = broken.some((name) => slos.includes(name));
  report(right, `${file} with ${defect}${broken.length > 0 ? ` (broke: ${broken.join(', ')})` : ''}`, run);
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

/** Ended as it should, every fault proven and proven gone, and still no verdict. */
function isUndecided({ code, result }) {
  return (
    code === 3 &&
    result.verdict === 'inconclusive' &&
    result.cleanup?.proven === true &&
    result.faults.every(({ proof, undoProof }) => proof?.status === 'confirmed' && undoProof?.status === 'confirmed')
  );
}

/**
 * Inconclusive is no verdict: a machine with other guests may starve the load driver, and the run says so. Then it is run
 * again, at most twice, and every try is told. A failure is never tried again. What stays without a verdict is neither
 * passed nor failed: it is named at the end, and more than a few make the whole campaign fail.
 */
async function decided(file, defect, firstRun) {
  for (let attempt = 1; ; attempt++) {
    const run = (attempt === 1 && firstRun) || (await runScenario(file, defect));
    // What was errored beside another run may be the machine's doing ("cannot drive"); alone, it counts.
    const again = run.code === 3 && (run.result.verdict === 'inconclusive' || run === firstRun);
    if (!again || attempt === TRIES) return run;
    console.log(`${run.result.verdict ?? 'no result'}  ${file}, try ${attempt}, runs again: ${run.result.sentence}`);
  }
}

/**
 * One scenario through the command line, as a user runs it. Where there are lanes, with a network of its own, also at a
 * later try, since the composed shop may be up; then with a register of its own too: the same port is not the same target.
 */
function runScenario(file, defect) {
  const ownNetwork = lanes > 1 && !onCompose(file);
  const began = process.hrtime.bigint();
  const folder = mkdtempSync(join(runs, 'run-'));
  const plimsoll = [process.execPath, 'dist/cli.js', 'run', file, '--out', folder];
  const [program, ...argv] = ownNetwork
    ? ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...plimsoll]
    : plimsoll;
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(defect ? { SHOP_DEFECTS: defect } : {}),
        // What a scenario keeps in TMPDIR is not shared with the one beside it either.
        ...(ownNetwork ? { XDG_STATE_HOME: join(folder, 'state'), TMPDIR: folder } : {}),
      },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n);
      resolve({ code: code ?? signal, output, seconds, result: readResult(folder) });
    });
  });
}

function readResult(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'latest', 'result.json'), 'utf8'));
  } catch {
    return { slos: [], faults: [] };
  }
}
