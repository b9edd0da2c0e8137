import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { killWholeRuns, tally, type LaneKind } from './whole-lanes.js';

/** `PLIMSOLL_KILLS` for another number in all. */
const RUNS = Number(process.env['PLIMSOLL_KILLS'] ?? 200);
const KINDS: LaneKind[] = [
  { real: false },
  { real: true },
  { real: true, docker: true },
  { real: true, fullDisk: true },
  { real: false, fullDisk: true },
];
/** What the watchdog may take. */
const CLEAN_WITHIN_MS = 2000;

describeWith(['toxiproxy', 'docker', 'root'], 'whole runs of which any parts are killed at random moments', () => {
  it(
    'leave nothing behind in 200 runs, containers and full disks included',
    { timeout: 3_600_000, retry: 0 },
    async () => {
      const kills = await killWholeRuns(
        KINDS,
        Math.ceil(RUNS / KINDS.length),
        Number(process.env['PLIMSOLL_SEED'] ?? 2026),
      );
      console.log(tally(kills));
      const killed = kills.filter((kill) => kill.killed.length > 0);
      expect(killed.length).toBeGreaterThan(kills.length * 0.85);
      expect(kills.filter(({ cleanAfterMs = 0 }) => cleanAfterMs >= CLEAN_WITHIN_MS)).toEqual([]);
    },
  );
});
