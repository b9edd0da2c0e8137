import { writeFileSync } from 'node:fs';
import { openRunDirectory } from '../record/run-directory.js';
import { checkNow } from '../result/check-now.js';
import { foldRun } from '../result/fold.js';
import { readRecords } from '../result/load-run.js';

// Folds and judges a run in a process of its own: a million arrivals need memory and processor time that the conductor
// must not hold. Arguments: the run directory; for a planned look at a run that goes on, also which look of how many; for a
// check of its last seconds, `now` and how many. Writes `result.json.part`, `look.json.part`, or to its standard output.
const [path = '', done, planned] = process.argv.slice(2);
const directory = openRunDirectory(path);
if (done === 'now') {
  process.stdout.write(JSON.stringify(checkNow(readRecords(directory), Number(planned))));
} else if (done === undefined) {
  const result = foldRun({ ...readRecords(directory), ended: { complete: true } });
  writeFileSync(`${directory.result}.part`, JSON.stringify(result));
} else {
  const look = { done: Number(done), planned: Number(planned) };
  const { slos } = foldRun({ ...readRecords(directory), ended: { complete: false }, look });
  const verdicts = slos.map(({ name, severity, verdict }) => ({ name, severity, verdict }));
  writeFileSync(`${directory.path}/look.json.part`, JSON.stringify(verdicts));
}
