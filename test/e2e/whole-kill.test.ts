import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { killWholeRuns, tally } from '../chaos/whole-lanes.js';

// The full size, with containers and a disk that fills up, is in test/chaos/whole-kill.long.test.ts.
describeWith(['toxiproxy'], 'whole runs of which any parts are killed at random moments', () => {
  it('leave no fault and no process behind, and touch no stranger', { timeout: 240_000, retry: 0 }, async () => {
    const kills = await killWholeRuns([{ real: false }, { real: true }, { real: true }, { real: false }], 3, 7);
    console.log(tally(kills));
    expect(kills.filter(({ killed }) => killed.length > 0).length).toBeGreaterThanOrEqual(8);
  });
});
