import { describe, expect, it } from 'vitest';
import { WarmUp } from '../../src/run/warm-up.js';
import { systemClock } from '../../src/support/clock.js';
import { openStream, request } from '../truth/experiment.js';

const load = {
  runId: 'warm',
  seed: 1,
  streams: [openStream([request('http://127.0.0.1:1/')], { ratePerSecond: 5000 })],
};
const never = new AbortController().signal;

describe('the warm-up', () => {
  it('is over when every driver is on time, and only then', async () => {
    const warmUp = new WarmUp(load, 60_000);
    warmUp.note('open', 4);
    warmUp.note('closed', 300);
    let over = false;
    const waiting = warmUp.over(systemClock.nowUs(), never).then(() => (over = true));
    await systemClock.sleep(500);
    expect(over).toBe(false);
    warmUp.note('closed', 9);
    await waiting;
  });

  it('says what this machine can drive, when the driver falls behind', async () => {
    const warmUp = new WarmUp(load, 100);
    warmUp.note('open', 6000);
    // Ten seconds after the first arrival the driver is where it should have been after four: two of five were issued, or a little more.
    const failed = warmUp.over(systemClock.nowUs() - 10e6, never);
    await expect(failed).rejects.toMatchObject({
      code: 'cannot_drive',
      message: expect.stringMatching(/cannot drive 5000\/s; it can drive about 2[0-3]00\/s: .* 6 s late/),
    });
  });

  it('makes no guess at the reach from mere jitter, or without a word of the driver', async () => {
    for (const lagMs of [40, undefined]) {
      const warmUp = new WarmUp(load, 100);
      if (lagMs !== undefined) warmUp.note('open', lagMs);
      const failed = warmUp.over(systemClock.nowUs() - 10e6, never);
      await expect(failed).rejects.toThrow(/cannot drive 5000\/s: after/);
    }
  });
});
