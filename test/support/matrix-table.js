// The detection matrix as a page, from the record that run-matrix.js keeps of its runs.
import { DETECTIONS, PRACTICES } from './detections.js';
import { found } from './scenario-runs.js';

/**
 * @param {{ cells: { scenario: string, defect: string | null, commit: string, date: string, node: string, processors: number,
 *   runs: { verdict: string, exit: number, broke: string[], unjudged: string[], tries: number, seconds: number }[] }[] }} record
 */
export function matrixPage(record) {
  const cellOf = (scenario, defect) =>
    record.cells.find((cell) => cell.scenario === scenario && cell.defect === defect);
  const elsewhere = record.cells.filter(({ scenario, defect }) => defect !== null && !isExpected(scenario, defect));
  const measured = [
    ...new Set(
      record.cells.map(
        ({ date, node, processors, commit }) => `${date}, ${commit}, Node.js ${node}, ${processors} processors`,
      ),
    ),
  ];
  return `# Detection matrix

<!-- Written by \`npm run test:matrix\` from its runs (detection-matrix.json). Not by hand. -->

What Plimsoll notices when a practice of the [shop](../examples/shop/README.md) is missing. Each scenario ran on the sound
shop, where it must pass, and with each defect that it is there to find, where it must fail: with exit code 1 unless said
otherwise, and for the right reason. A run without a verdict is tried again, at most twice; tries are counted.

| practice | scenario | defect | must break | on the sound shop | defect found | what broke |
| --- | --- | --- | --- | --- | --- | --- |
${DETECTIONS.map((one) => row(one, cellOf)).join('\n')}

${elsewhere.length === 0 ? 'Other pairs of a scenario and a defect were not run: `npm run test:matrix -- --all` does.' : others(elsewhere)}

Measured: ${measured.length === 0 ? 'nothing yet' : measured.join('; ')}.
`;
}

function isExpected(scenario, defect) {
  return DETECTIONS.some((one) => one.scenario === scenario && one.defect === defect);
}

function row(one, cellOf) {
  const { scenario, defect, breaks, exit = 1 } = one;
  const practice = PRACTICES.find((practice) => practice.scenario === scenario);
  const sound = cellOf(scenario, null);
  const broken = cellOf(scenario, defect);
  const caught = broken?.runs.filter((run) => found(asRun(run), one)).length ?? 0;
  return `| ${[
    practice ? `[${practice.number} ${practice.name}](practices/${practice.page})` : '',
    `[${scenario.replace(/\.yaml$/, '')}](../scenarios/${scenario})`,
    `\`${defect}\``,
    `${breaks.join(' or ')}${exit === 1 ? '' : ` (exit ${exit})`}`,
    sound ? counted(sound.runs.filter(({ exit }) => exit === 0).length, sound.runs, 'passed') : 'not run',
    broken ? counted(caught, broken.runs, 'found') : 'not run',
    broken ? outcomes(broken.runs) : '',
  ].join(' | ')} |`;
}

/** The runs as `found` knows them. */
function asRun({ exit, verdict, broke, unjudged }) {
  const slos = [
    ...broke.map((name) => ({ name, verdict: 'failed' })),
    ...unjudged.map((name) => ({ name, verdict: 'inconclusive' })),
  ];
  // `unjudged` is empty unless something else was judged.
  return { code: exit, result: { verdict, slos: [...slos, { name: '', verdict: 'passed' }] } };
}

function counted(count, runs, word) {
  const retried = runs.filter(({ tries }) => tries > 1).length;
  const again = retried === 0 ? '' : ` (${retried} after another try)`;
  return `${count === runs.length ? '' : '**'}${word} ${count} of ${runs.length}${count === runs.length ? '' : '**'}${again}`;
}

function outcomes(runs) {
  return [...new Set(runs.map(whatBroke))].join('; ');
}

function whatBroke({ verdict, broke, unjudged }) {
  if (broke.length > 0) return broke.join(', ');
  return unjudged.length > 0 ? `no verdict on ${unjudged.join(', ')}` : verdict;
}

function others(cells) {
  const lines = cells.map(
    ({ scenario, defect, runs }) => `| ${scenario.replace(/\.yaml$/, '')} | \`${defect}\` | ${outcomes(runs)} |`,
  );
  return `Beside the diagonal, what each scenario makes of the defects that it is not there to find:

| scenario | defect | what came out |
| --- | --- | --- |
${lines.join('\n')}`;
}
