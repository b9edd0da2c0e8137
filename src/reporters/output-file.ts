import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ReporterOutput } from './reporter.js';

/**
 * Writes a reporter's file: where the user said, else as `name` in the run directory. Folders above it are made where they
 * are missing, and `output.wrote` is told.
 */
export async function writeOutput(output: ReporterOutput, name: string, text: string): Promise<void> {
  const path = output.path === undefined ? join(output.directory, name) : resolve(output.path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  output.wrote?.(path);
}
