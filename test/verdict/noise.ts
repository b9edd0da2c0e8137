import type { Random } from '../../src/support/random.js';
import type { Arm } from '../../src/verdict/dispersion.js';

/** Standard normal (Box–Muller, one of the pair). */
export function gaussian(chance: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
}

/** Poisson: by multiplication for small means, in halves up to 150, by the normal limit above. */
export function poisson(mean: number, chance: Random): number {
  if (mean > 150) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gaussian(chance)));
  if (mean > 20) return poisson(mean / 2, chance) + poisson(mean / 2, chance);
  const limit = Math.exp(-mean);
  let product = chance.next();
  let count = 0;
  while (product > limit) {
    product *= chance.next();
    count++;
  }
  return count;
}

/** Two-state bursts: the error ratio outside and inside a burst, and the mean length of a burst in seconds. */
export interface Bursts {
  outside: number;
  inside: number;
  lengthS: number;
}

/** A window of errors with mean share `p`; drift means more bursts, not worse ones. Without bursts: independent. */
export function errorArm(seconds: number, rate: number, p: number, bursts: Bursts | undefined, chance: Random): Arm {
  const arm: Arm = {
    x: 0,
    n: seconds * rate,
    badPerSecond: new Float64Array(seconds),
    totalPerSecond: new Float64Array(seconds).fill(rate),
  };
  const share = bursts ? (p - bursts.outside) / (bursts.inside - bursts.outside) : 0;
  let on = chance.next() < share;
  for (let s = 0; s < seconds; s++) {
    const ratio = bursts ? (on ? bursts.inside : bursts.outside) : p;
    const bad = poisson(rate * ratio, chance);
    arm.badPerSecond[s] = bad;
    arm.x += bad;
    if (bursts) {
      const leave = 1 / bursts.lengthS;
      const enter = (share / (1 - share)) * leave;
      on = on ? chance.next() >= leave : chance.next() < enter;
    }
  }
  return arm;
}

/** Autoregressive noise of order one, a value a second, with this stationary standard deviation. */
export function autoregressive(seconds: number, sd: number, phi: number, chance: Random): Float64Array {
  const noise = new Float64Array(seconds);
  let value = sd * gaussian(chance);
  for (let s = 0; s < seconds; s++) {
    noise[s] = value;
    value = phi * value + sd * Math.sqrt(1 - phi * phi) * gaussian(chance);
  }
  return noise;
}

/** How often something happens in `runs` seeded runs. */
export function share(runs: number, happens: (run: number) => boolean): number {
  let count = 0;
  for (let run = 0; run < runs; run++) if (happens(run)) count++;
  return count / runs;
}

/** The nominal 5 % and what chance may add in so many runs. */
export function nominal(runs: number): number {
  return 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs);
}
