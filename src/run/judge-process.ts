import { writeFileSync } from 'node:fs';
import { openRunDirectory } from '../record/run-directory.js';
import { foldRun } from '../result/fold.js';
import { readRecords } from '../result/load-run.js';

// Folds and judges a run that has just ended, in a process of its own: a million arrivals need memory and processor time
// that the conductor must not hold. Argument: the run directory. Writes `result.json.part`.
const directory = openRunDirectory(process.argv[2] ?? '');
const result = foldRun({ ...readRecords(directory), ended: { complete: true } });
writeFileSync(`${directory.result}.part`, JSON.stringify(result));
