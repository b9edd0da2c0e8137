import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { afterAll, describe, it } from 'vitest';
import { characteristicsPage, keepingFiles, type Section } from './characteristics-page.js';
import {
  checkLooks,
  checkQuantiles,
  checkRates,
  checkRatios,
  checkTheRest,
  checkTrials,
  print,
  type Line,
} from './simulation-grid.js';

const LIMIT_MS = 1_800_000;
/** Fewer make it faster and the page coarser; the page says how many there were. */
const RUNS = Number(process.env['PLIMSOLL_SIMULATIONS'] ?? 2000);
const PAGE = fileURLToPath(new URL('../../docs/operating-characteristics.md', import.meta.url));

const sections: Section[] = [];
function section(title: string, words: string, runs: number, lines: Line[]): void {
  print(title, lines);
  sections.push({ title, words, runs, lines });
}

// At full size: about ten minutes on two cores that have nothing else to do.
describe('operating characteristics', () => {
  // Only a run in which all of it held may write the page.
  afterAll(async () => {
    if (sections.length !== 6) return;
    const options = (await resolveConfig(PAGE)) ?? {};
    const page = keepingFiles(characteristicsPage(sections), readFileSync(PAGE, 'utf8'));
    writeFileSync(PAGE, await format(page, { ...options, parser: 'markdown' }));
  });

  it(
    'ratios under bursts',
    () =>
      section(
        'Shares: errors one by one and in bursts',
        'δ = 0.02 pp, 5 bad of 10,000 arrivals, 1,000/s, windows of 600 s unless said otherwise. "Naive" is the score test that takes errors for independent.',
        RUNS,
        checkRatios(RUNS, RUNS >= 1000),
      ),
    LIMIT_MS,
  );

  it(
    'objectives, power and peeking',
    () =>
      section(
        'One window at its limit, power, and peeking',
        'An objective of 99.9 % whose true value is 99.9 %; the planned number of arrivals; and what looking each second would cost.',
        RUNS,
        checkTheRest(RUNS),
      ),
    LIMIT_MS,
  );

  it(
    'P95 under AR(1) noise',
    () =>
      section(
        'P95 while latency wanders',
        'Lognormal latencies, δ = 5 %, 100/s; noise on the logarithm with standard deviation sd and autocorrelation φ from second to second.',
        RUNS / 4,
        checkQuantiles(RUNS / 4, [
          { sd: 0, phi: 0, seconds: 300, limit: 0.05, maxFail: 0.01, published: 'A/A 1.0/0; at δ .03/.04; 3δ 1.0' },
          {
            sd: 0.05,
            phi: 0.8,
            seconds: 300,
            limit: 0.05,
            maxFail: 0.01,
            published: 'A/A .90/0; at δ .043/.033; 3δ 1.0',
          },
          {
            sd: 0.15,
            phi: 0.95,
            seconds: 300,
            limit: 0.09,
            maxFail: 0.03,
            published: 'A/A .10/.013; at δ .040/.045; 3δ .24',
          },
        ]),
      ),
    LIMIT_MS,
  );

  it(
    'goodput under AR(1) noise',
    () =>
      section(
        'Goodput while it wanders',
        'Tolerance 3 %, 200/s.',
        RUNS,
        checkRates(RUNS, [
          { sd: 0, phi: 0, seconds: 300, limit: 0.05, power: 1, published: 'at δ .040/.045' },
          { sd: 0.1, phi: 0.8, seconds: 300, limit: 0.065, power: 0.88, published: 'at δ .058/.065; 10 % drop .88' },
          { sd: 0.1, phi: 0.95, seconds: 300, limit: 0.066, power: 0.43, published: 'at δ .063/.066; 10 % drop .43' },
        ]),
      ),
    LIMIT_MS,
  );

  it(
    'trials while the baseline drifts',
    () =>
      section(
        'A baseline that drifts by itself: repeated trials',
        'ln P95 with an error of 1 % within a window, 3 % between windows, and 2 % more from each window to the next; δ = 5 %.',
        RUNS,
        checkTrials(RUNS),
      ),
    LIMIT_MS,
  );

  it(
    'planned looks',
    () =>
      section(
        'Deciding early: five planned looks',
        'Shares as above, O’Brien and Fleming’s boundary: each look asks for more than a test at the end would.',
        RUNS,
        checkLooks(RUNS),
      ),
    LIMIT_MS,
  );
});
