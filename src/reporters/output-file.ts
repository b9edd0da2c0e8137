import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ReporterOutput } from './reporter.js';

/** The file that the user named, else `name` in the run directory. */
export function outputFile(output: ReporterOutput, name: string): string {
  return output.path === undefined ? join(output.directory, name) : resolve(output.path);
}

/** Writes a file, and the folders above it where they are missing. */
export async function writeOutput(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
