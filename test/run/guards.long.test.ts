import { describe, expect, it } from 'vitest';
import { BettingGuard } from '../../src/run/betting-guard.js';
import { random } from '../../src/support/random.js';
import { allGuards, shares, simulate } from './guard-simulation.js';

const RUNS = 2000;
/** Ten minutes each. */
const SOUND_RUNS = 500;

describe('all guards together, simulated at full size', () => {
  it.each([20, 100, 500])(
    'stop a catastrophe, half of %d/s failing, within six seconds in most runs',
    (rate) => {
      const chance = random(5, `catastrophe ${rate}`);
      const times = Array.from(
        { length: RUNS + 1 },
        () =>
          simulate(allGuards(rate), chance, { rate, before: 20, during: Array.from({ length: 60 }, () => 0.5) })
            ?.afterS ?? Infinity,
      ).sort((a, b) => a - b);
      console.log(`${rate}/s: median ${times[RUNS / 2]} s, 95 % within ${times[Math.floor(RUNS * 0.95)]} s`);
      expect(times[RUNS / 2]).toBeLessThanOrEqual(6);
    },
    600_000,
  );

  it.each([
    ['independent', undefined],
    ['2-s bursts', { outside: 3e-4, inside: 4e-3, length: 2 }],
    ['5-s bursts', { outside: 2e-4, inside: 0.01, length: 5 }],
  ])(
    'let sound runs of ten minutes be: %s',
    (name, burst) => {
      const chance = random(6, `sound ${name}`);
      let stopped = 0;
      for (let run = 0; run < SOUND_RUNS; run++) {
        const during = shares(chance, 600, 0.0005, burst);
        if (simulate(allGuards(200), chance, { rate: 200, before: 20, during })) stopped++;
      }
      console.log(`${name}: ${stopped} of ${SOUND_RUNS} stopped`);
      expect(stopped / SOUND_RUNS).toBeLessThanOrEqual(0.01);
    },
    600_000,
  );
});

describe('the betting rule on an objective of 99 % alone (stop.beyondObjective)', () => {
  const LIMIT = 0.01;
  const guards = () => [
    new BettingGuard({
      name: 'objective-betting',
      what: 'availability',
      limit: LIMIT,
      alpha: 0.01,
      streams: new Set(['load']),
    }),
  ];
  it.each([
    ['independent', undefined],
    ['2-s bursts', { outside: 0.005, inside: 0.1, length: 2 }],
    ['5-s bursts', { outside: 0.004, inside: 0.2, length: 5 }],
  ])(
    'at its limit hardly ever stops ten minutes, and at five times that soon: %s',
    (name, burst) => {
      const chance = random(7, `objective ${name}`);
      const at = (share: number) =>
        Array.from({ length: SOUND_RUNS }, () => {
          const during = shares(chance, 600, share, burst);
          return simulate(guards(), chance, { rate: 200, before: 20, during })?.afterS ?? Infinity;
        }).sort((a, b) => a - b);
      const stopped = at(LIMIT).filter((s) => s < Infinity).length;
      const harm = at(5 * LIMIT);
      const median = harm[SOUND_RUNS / 2] ?? Infinity;
      console.log(
        `${name}: ${stopped} of ${SOUND_RUNS} stopped at the limit; at five times it ${harm.filter((s) => s < Infinity).length}, median ${median} s`,
      );
      // Blocks of ten seconds are five times as long as bursts of two, but only twice as long as those of five.
      const [most, soonS] = burst?.length === 5 ? [0.02, 120] : [0.01, 60];
      expect(stopped / SOUND_RUNS).toBeLessThanOrEqual(most + 3 * Math.sqrt((most * (1 - most)) / SOUND_RUNS));
      expect(median).toBeLessThanOrEqual(soonS);
    },
    600_000,
  );
});
