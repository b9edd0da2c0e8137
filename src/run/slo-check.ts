import { execa } from 'execa';
import type { RunDirectory } from '../record/run-directory.js';
import type { CheckNow } from '../result/check-now.js';
import { JUDGE } from './finish.js';

/** Longer than a million arrivals take. */
const TIME_LIMIT_MS = 30_000;

/**
 * What the last seconds of a run that goes on say about its objectives: judged in a process of its own, as everything is,
 * so that the run does not feel it.
 */
export async function checkSlosNow(directory: RunDirectory, seconds: number): Promise<CheckNow> {
  const { stdout } = await execa(process.execPath, [JUDGE, directory.path, 'now', String(seconds)], {
    stdin: 'ignore',
    timeout: TIME_LIMIT_MS,
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as CheckNow;
}
