import { describe, it } from 'vitest';
import { checkLooks, checkQuantiles, checkRates, checkRatios, checkTheRest, checkTrials } from './simulation-grid.js';

// The small grid; `simulation.long.test.ts` runs it at full size and prints the tables.
describe('operating characteristics, small', () => {
  it('ratios keep their error rates under bursts, and the naive method does not', () => {
    checkRatios(500, false);
  });

  it('objectives, power and peeking', () => {
    checkTheRest(600);
  });

  it('trials while the baseline drifts, and planned looks', () => {
    checkTrials(1500);
    checkLooks(150);
  });

  it('P95 and goodput', () => {
    checkQuantiles(60, [
      { sd: 0, phi: 0, seconds: 120, limit: 0.05, maxFail: 0.01, published: '' },
      { sd: 0.05, phi: 0.8, seconds: 120, limit: 0.05, maxFail: 0.01, published: '' },
    ]);
    checkRates(300, [
      { sd: 0, phi: 0, seconds: 300, limit: 0.05, power: 1, published: '' },
      { sd: 0.1, phi: 0.8, seconds: 300, limit: 0.065, power: 0.88, published: '' },
    ]);
  });
});
