import { rmSync } from 'node:fs';
import { ArrivalsFile } from '../../src/record/arrivals-file.js';
import { emptyColumns } from '../../src/record/arrivals-reader.js';
import { randomAt } from '../../src/support/random.js';
import { edges, generateRun } from './generated-run.js';

/** A run of about 53 s at `rate` per second, written without ever holding it in memory. Returns the count of arrivals. */
export function writeLargeRun(folder: string, rate: number): number {
  const { arrivals } = generateRun({ folder, rate, arrival: () => undefined });
  rmSync(arrivals);
  const at = edges({});
  const count = Math.ceil((at.end * rate) / 1e6);
  const file = ArrivalsFile.create(arrivals, {
    formatVersion: 1,
    runId: 'gen00001',
    seed: 7,
    t0Us: 9_000_000_000,
    streams: [
      {
        name: 'checkouts',
        model: 'open',
        ratePerSecond: rate,
        arrivals: 'uniform',
        requests: ['checkout', 'look'],
        deadlinesUs: [2e6, 2e6],
      },
    ],
  });
  for (let from = 0; from < count; from += rate) {
    const columns = emptyColumns(Math.min(rate, count - from));
    for (let k = 0; k < columns.index.length; k++) {
      const index = from + k;
      const dueUs = (index * 1e6) / rate;
      columns.index[k] = index;
      columns.dueUs[k] = dueUs;
      columns.responseUs[k] =
        20_000 + 30_000 * randomAt(1, 'r', index) + (dueUs >= at.proven && dueUs < at.faultEnd ? 150_000 : 0);
      columns.status[k] = 200;
      columns.request[k] = index & 1;
    }
    file.append({ stream: 0, columns });
  }
  file.close();
  return count;
}
