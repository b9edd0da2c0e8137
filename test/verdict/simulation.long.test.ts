import { describe, it } from 'vitest';
import { checkQuantiles, checkRates, checkRatios, checkTheRest, print } from './simulation-grid.js';

const LIMIT_MS = 600_000;

// The tables of docs/verdicts.md at full size. About ten minutes on two cores.
describe('operating characteristics', () => {
  it('ratios under bursts', () => print('Ratios, δ = 0.02 pp, p = 5e-4, 1,000/s', checkRatios(2000, true)), LIMIT_MS);

  it('objectives, power and peeking', () => print('One window, power, peeking', checkTheRest(2000)), LIMIT_MS);

  it(
    'P95 under AR(1) noise',
    () =>
      print(
        'P95, lognormal σ = .5, δ = 5 %, 100/s',
        checkQuantiles(500, [
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
      print(
        'Goodput, Z = 3 %, 200/s',
        checkRates(2000, [
          { sd: 0, phi: 0, seconds: 300, limit: 0.05, power: 1, published: 'at δ .040/.045' },
          { sd: 0.1, phi: 0.8, seconds: 300, limit: 0.065, power: 0.88, published: 'at δ .058/.065; 10 % drop .88' },
          { sd: 0.1, phi: 0.95, seconds: 300, limit: 0.066, power: 0.43, published: 'at δ .063/.066; 10 % drop .43' },
        ]),
      ),
    LIMIT_MS,
  );
});
