import { BettingGuard } from '../../src/run/betting-guard.js';
import { BudgetGuard } from '../../src/run/budget-guard.js';
import { StopGuard, type Guard } from '../../src/run/stop-guard.js';
import type { EventBody } from '../../src/record/events.js';
import type { Random } from '../../src/support/random.js';
import { budgetPolicy } from '../support/budget-policy.js';

const NONE = { p50: null, p95: null, p99: null, max: null };

export function secondRecord(second: number, scheduled: number, bad: number, final = true): EventBody<'second'> {
  return {
    stream: 'load',
    second,
    final,
    scheduled,
    outcomes: { ok: scheduled - bad, http_5xx: bad },
    open: 0,
    responseOk: NONE,
    responseAll: NONE,
    service: NONE,
    schedulingLag: NONE,
    inFlight: 0,
  };
}

/** All guards of a run with a 99.9 % budget, at so many requests a second: the shipped ones, with their defaults. */
export function allGuards(rate: number): Guard[] {
  const streams = new Set(['load']);
  return [
    new StopGuard({ enabled: true, errorRatio: 0.5, forMs: 5000, minBad: 20 }, streams),
    new BudgetGuard(budgetPolicy(), streams, rate),
    new BettingGuard({ name: 'budget-betting', what: 'burn', limit: 0.036, alpha: 0.005, streams }),
    new BettingGuard({ name: 'objective-betting', what: 'availability', limit: 0.01, alpha: 0.005, streams }),
  ];
}

/** Bad share of each second: constant, or two-state bursts of mean length `length` with the stationary mean `p`. */
export function shares(
  chance: Random,
  seconds: number,
  p: number,
  burst?: { outside: number; inside: number; length: number },
): number[] {
  if (!burst) return Array.from({ length: seconds }, () => p);
  const on = (p - burst.outside) / (burst.inside - burst.outside);
  const leave = 1 / burst.length;
  const enter = (leave * on) / (1 - on);
  let inside = chance.next() < on;
  return Array.from({ length: seconds }, () => {
    const share = inside ? burst.inside : burst.outside;
    inside = inside ? chance.next() >= leave : chance.next() < enter;
    return share;
  });
}

/** Seconds from the first harm to the trip and the guard that tripped; undefined: it ran to its end. */
export function simulate(
  guards: readonly Guard[],
  chance: Random,
  options: { rate: number; before: number; during: readonly number[] },
): { afterS: number; guard: string } | undefined {
  for (let second = 0; second < options.before + options.during.length; second++) {
    const harm = second - options.before;
    const bad = binomial(chance, options.rate, harm < 0 ? 0 : (options.during[harm] ?? 0));
    for (const guard of guards) {
      const trip = guard.onSecond(secondRecord(second, options.rate, bad), harm >= 0);
      if (trip) return { afterS: harm + 1, guard: trip.guard };
    }
  }
  return undefined;
}

function binomial(chance: Random, n: number, p: number): number {
  let x = 0;
  // Few are bad where few can be: skip from one to the next.
  if (p <= 0) return 0;
  if (p > 0.2) {
    for (let i = 0; i < n; i++) if (chance.next() < p) x++;
    return x;
  }
  for (let i = -1; ; x++) {
    i += 1 + Math.floor(Math.log(1 - chance.next()) / Math.log1p(-p));
    if (i >= n) return x;
  }
}
