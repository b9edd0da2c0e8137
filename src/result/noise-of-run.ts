import type { RunDirectory } from '../record/run-directory.js';
import { PlimsollError } from '../support/errors.js';
import { random } from '../support/random.js';
import { noiseOf } from '../verdict/calibrate.js';
import type { SloNoise } from '../verdict/noise-profile.js';
import { judgeInputOfRun } from './fold.js';
import { readRecords } from './load-run.js';

/**
 * The noise of each SLO's indicator in a run in which nothing was broken, from its records.
 *
 * @throws PlimsollError `calibration_incomplete` when the run ended before all of its windows
 */
export function noiseOfRun(
  directory: RunDirectory,
  pairs: number,
  seed: number,
): { windows: number; slos: Record<string, SloNoise> } {
  const records = readRecords(directory);
  const input = judgeInputOfRun(records);
  const windows = input.windows.filter(({ kind }) => kind !== 'recovery');
  const ill = windows.filter(({ driverInvalid }) => driverInvalid.open.length + driverInvalid.closed.length > 0).length;
  if (input.stoppedEarly || windows.length < 2 * pairs) {
    throw new PlimsollError({
      code: 'calibration_incomplete',
      message: `the calibration ended after ${windows.length} of ${2 * pairs} windows, so it says nothing of the noise`,
      hint: 'Look at the report of the run for what ended it.',
    });
  }
  if (ill > windows.length / 2) {
    throw new PlimsollError({
      code: 'calibration_driver_unwell',
      message: `the load driver was not well in ${ill} of ${windows.length} windows: this would be its noise, not the system's`,
      hint: 'End what else runs on this machine, or lower the rate.',
    });
  }
  return {
    windows: windows.length,
    slos: Object.fromEntries(
      input.slos.map((slo) => [slo.name, noiseOf(windows, slo, random(seed, `calibrate/${slo.name}`))]),
    ),
  };
}
