// The detection matrix: scenarios against defects of the shop, for real. Keeps what came out in docs/detection-matrix.json
// and writes docs/detection-matrix.md from it; pairs that are not run now keep what an earlier call found.
// The diagonal (each scenario of a practice on the sound shop, and with the defects that it is there to find) always runs;
// --all adds every other pair. Exit code 1 for a false alarm on the sound shop, and for a defect that was not found.
// Usage: node test/support/run-matrix.js [--all] [--rounds N] [--lanes N] [--scenarios a,b] [--defects x,y] [--table]
//   --table writes the page from the record without running anything.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DETECTIONS } from './detections.js';
import { matrixPage } from './matrix-table.js';
import { brokenBy, found, lanesHere, scenarioRunner, unjudgedBy } from './scenario-runs.js';

const RECORD = 'docs/detection-matrix.json';
const PAGE = 'docs/detection-matrix.md';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean' },
    rounds: { type: 'string', default: '1' },
    lanes: { type: 'string' },
    scenarios: { type: 'string' },
    defects: { type: 'string' },
    table: { type: 'boolean' },
  },
});
const every = {
  scenarios: [...new Set(DETECTIONS.map(({ scenario }) => scenario))],
  defects: [...new Set(DETECTIONS.map(({ defect }) => defect))],
};
const chosen = {
  scenarios: choose(values.scenarios?.replaceAll('.yaml', ''), every.scenarios, (name) => name.replace('.yaml', '')),
  defects: choose(values.defects, every.defects, (name) => name),
};
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) refuse(`--rounds must be a whole number from 1, not ${values.rounds}`);

const record = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : { version: 1, cells: [] };
let bad = 0;
if (!values.table) await runAll();
writeFileSync(PAGE, matrixPage(record));
process.exitCode = bad === 0 ? 0 : 1;

async function runAll() {
  const here = {
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    processors: availableParallelism(),
  };
  const lanes = lanesHere(values.lanes);
  const { runTogether, end } = scenarioRunner(lanes);
  const pairs = pairsToRun();
  const fresh = new Map(
    pairs.map((pair) => [pair, { scenario: pair.scenario, defect: pair.defect ?? null, ...here, runs: [] }]),
  );
  const jobs = Array.from({ length: rounds }, () => pairs).flat();
  console.log(`${jobs.length} runs of ${pairs.length} pairs, ${lanes} at a time`);
  try {
    while (jobs.length > 0) await runTogether(jobs.splice(0, lanes), note);
  } finally {
    end();
  }
  console.log(`\n${pairs.length * rounds - bad} as expected, ${bad} not`);

  /** Each run is kept at once: a campaign of hours may be cut short. */
  function note(pair, run) {
    const cell = fresh.get(pair);
    cell.runs.push({
      verdict: run.result.verdict ?? 'no result',
      exit: run.code,
      broke: brokenBy(run.result),
      unjudged: unjudgedBy(run.result),
      tries: run.tries,
      seconds: run.seconds,
    });
    const isOld = ({ scenario, defect }) => scenario === cell.scenario && defect === cell.defect;
    record.cells = [...record.cells.filter((other) => !isOld(other)), cell].sort((a, b) => placeOf(a) - placeOf(b));
    writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);

    const good = pair.breaks ? found(run, pair) : pair.defect !== undefined || run.code === 0;
    if (!good) bad++;
    const broke = brokenBy(run.result).join(', ');
    console.log(
      `${good ? 'as expected' : 'NOT AS EXPECTED'}  ${pair.scenario} with ${pair.defect ?? 'nothing missing'}: exit ${run.code}${broke ? `, broke ${broke}` : ''}, ${run.seconds} s`,
    );
    if (!good) console.log(run.output);
  }
}

function pairsToRun() {
  return chosen.scenarios.flatMap((scenario) => {
    const expected = DETECTIONS.filter((one) => one.scenario === scenario && chosen.defects.includes(one.defect));
    const others = values.all
      ? chosen.defects
          .filter((defect) => !DETECTIONS.some((one) => one.scenario === scenario && one.defect === defect))
          .map((defect) => ({ scenario, defect }))
      : [];
    const sound = expected.length > 0 || values.all ? [{ scenario }] : [];
    return [...sound, ...expected, ...others].map((pair) => ({ ...pair, file: join('scenarios', scenario) }));
  });
}

/** Where a pair stands in the record: scenarios in the order of the practices, the sound shop first. */
function placeOf({ scenario, defect }) {
  return every.scenarios.indexOf(scenario) * (every.defects.length + 1) + every.defects.indexOf(defect) + 1;
}

function choose(list, known, nameOf) {
  if (list === undefined) return known;
  return list.split(',').map((name) => {
    const one = known.find((one) => nameOf(one) === name.trim());
    return one ?? refuse(`"${name}" is not known; known: ${known.map(nameOf).join(', ')}`);
  });
}

function refuse(message) {
  console.error(message);
  process.exit(2);
}
