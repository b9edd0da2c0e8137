import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openRunDirectory } from '../record/run-directory.js';
import { messageOf } from '../support/errors.js';
import { loadRun } from './load-run.js';
import type { RunResult } from './schema.js';

/** A run directory of a folder, and what it holds, or why that cannot be read. */
export type RunInFolder = { name: string; path: string } & (
  { result: RunResult; unreadable?: undefined } | { result?: undefined; unreadable: string }
);

/**
 * The run directories of a folder, one after another, in no order that means anything. A folder that is not there has
 * none, and a folder that is no run is left out.
 */
export function* runsIn(folder: string): Generator<RunInFolder> {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    // `latest` is one of the others.
    if (name === 'latest' || !['result.json', 'events.ndjson'].some((file) => existsSync(join(path, file)))) continue;
    try {
      yield { name, path, result: loadRun(openRunDirectory(path)) };
    } catch (error) {
      yield { name, path, unreadable: messageOf(error) };
    }
  }
}
