import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, parse, relative, resolve, sep } from 'node:path';
import type { RunResult } from '../result/schema.js';
import type { ReporterOrder } from './reporter-order.js';

export interface FinishedRun {
  result: RunResult;
  /** Its run directory. */
  directory: string;
}

/** Writes the page that lists the runs of one call beside their directories; gives back its path. */
export async function writeIndex(runs: readonly FinishedRun[], out: string): Promise<string> {
  const { renderIndex } = await import('../html/index-page.js');
  const path = join(resolve(out), 'index.html');
  const entries = runs.map(({ result, directory }) => ({
    result,
    // `--reporter html=elsewhere` leaves none in the run directory.
    ...(existsSync(join(directory, 'report.html'))
      ? { report: relative(resolve(out), join(directory, 'report.html')).split(sep).join('/') }
      : {}),
  }));
  await writeFile(path, renderIndex(entries));
  return path;
}

/** With several scenarios a file that the user named would be overwritten by each: its name gets the scenario's. */
export function ordersFor(orders: readonly ReporterOrder[], scenario: string, several: boolean): ReporterOrder[] {
  if (!several) return [...orders];
  const label = scenario.replace(/[^\w.-]+/g, '-').slice(0, 60);
  return orders.map(({ name, path }) => {
    if (path === undefined) return { name, path };
    const { dir, name: base, ext } = parse(path);
    return { name, path: join(dir, `${base}-${label}${ext}`) };
  });
}
