import { describe, expect, test } from 'vitest';
import { brokenGate } from '../../src/load/health.js';

const well = {
  schedulingLagP99Ms: 1.5,
  eventLoopDelayP99Ms: 2,
  cpuShare: 0.3,
  clockJumpMs: 3,
  localLimitErrors: 0,
};

describe('gates', () => {
  test('a driver that is well has none broken', () => {
    expect(brokenGate(well)).toBeUndefined();
    // At the limit is still well.
    expect(
      brokenGate({ ...well, schedulingLagP99Ms: 10, eventLoopDelayP99Ms: 20, cpuShare: 0.8, clockJumpMs: 1000 }),
    ).toBeUndefined();
  });

  test.each([
    ['schedulingLagP99Ms', 10.1, /10\.1 ms late/],
    ['eventLoopDelayP99Ms', 21, /event loop/],
    ['cpuShare', 0.81, /81 % of a core/],
    ['clockJumpMs', 1001, /did not run for 1001 ms/],
    ['localLimitErrors', 1, /no socket or port left/],
  ] as const)('%s of %d breaks one', (name, value, words) => {
    expect(brokenGate({ ...well, [name]: value })).toMatch(words);
  });
});
