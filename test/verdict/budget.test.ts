import { describe, expect, it } from 'vitest';
import { replayAlerts, alertSummary } from '../../src/verdict/budget/alerts.js';
import { periodAt, parseLocal, isTimeZone } from '../../src/verdict/budget/calendar.js';
import { budgetState, type Spending } from '../../src/verdict/budget/consumption.js';
import { judgeBudget } from '../../src/verdict/budget/cost.js';
import { abortLimit, burnFor, costPerEvent, largestBurn } from '../../src/verdict/budget/policy.js';
import type { JudgeWindow } from '../../src/verdict/input.js';
import { random } from '../../src/support/random.js';
import { budgetPolicy } from '../support/budget-policy.js';

const DAY_S = 86_400;

const days = (n: number) => ({ type: 'rolling' as const, seconds: n * DAY_S });

/** A window of `seconds` at `rate` in which a share of the arrivals fails: evenly, or by chance. */
function window(kind: JudgeWindow['kind'], seconds: number, rate: number, bad: number, chance?: () => number) {
  const n = seconds * rate;
  let owed = 0;
  const outcome = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    owed += bad;
    if (chance ? chance() < bad : owed >= 1 - 1e-9) {
      outcome[i] = 1;
      owed -= 1;
    }
  }
  const startUs = { baseline: 0, fault: 1e9, recovery: 2e9 }[kind];
  return {
    kind,
    trial: 1,
    startUs,
    endUs: startUs + seconds * 1e6,
    streams: [
      {
        stream: 'load',
        model: 'open',
        requests: ['a'],
        deadlinesS: [2],
        dueUs: Float64Array.from({ length: n }, (_, i) => startUs + (i * 1e6) / rate),
        responseUs: new Uint32Array(n),
        status: new Uint16Array(n),
        outcome,
        request: new Uint8Array(n),
      },
    ],
    dropped: {},
    driverInvalid: { open: [], closed: [] },
    schedulingLagP99Ms: { open: 0, closed: 0 },
  } satisfies JudgeWindow;
}

describe('burn rates', () => {
  it('are those of the SRE workbook, and follow the period', () => {
    expect(burnFor(0.02, 3600, 30 * DAY_S)).toBeCloseTo(14.4, 12);
    expect(burnFor(0.05, 6 * 3600, 30 * DAY_S)).toBeCloseTo(6, 12);
    expect([30, 28, 7, 90].map((n) => abortLimit(budgetPolicy({ window: days(n) }))?.burnRate.toFixed(1))).toEqual([
      '36.0',
      '33.6',
      '8.4',
      '108.0',
    ]);
    const ratios = [0.99, 0.999, 0.9995, 0.9999].map(
      (objective) => abortLimit(budgetPolicy({ objective }))?.errorRatio,
    );
    for (const [k, ratio] of [0.36, 0.036, 0.018, 0.0036].entries()) expect(ratios[k]).toBeCloseTo(ratio, 10);
    expect(largestBurn(budgetPolicy({ objective: 0.9722 }))).toBeLessThan(36);
  });

  it('cost a second of total failure 1/(e·P), whatever the rate', () => {
    expect(costPerEvent(budgetPolicy(), 100) * 100 * 129.6).toBeCloseTo(0.05, 10);
    expect(costPerEvent(budgetPolicy(), 7) * 7 * 129.6).toBeCloseTo(0.05, 10);
    expect(costPerEvent(budgetPolicy({ environment: 'production', events: 50e6 }), 7)).toBeCloseTo(1 / 50_000, 12);
  });
});

describe('the cost of a run', () => {
  const run = (over: Parameters<typeof budgetPolicy>[0], seconds = 300, bad = 0.12) =>
    judgeBudget({ windows: [window('baseline', 300, 100, 0), window('fault', seconds, 100, bad)] }, budgetPolicy(over))
      .budget;

  it('is 1.39 % of a month for five minutes at 12 % errors, and 11.6 % in slices of a minute', () => {
    expect(run({}).burnRate).toBeCloseTo(120, 6);
    expect(run({}).cost?.value).toBeCloseTo(0.013889, 5);
    expect(run({ method: 'timeslices' }).cost?.value).toBeCloseTo(5 / 43.2, 6);
    expect(run({ method: 'ratio-timeslices' }).cost?.value).toBeCloseTo(0.013889, 5);
    expect(run({}).sentence).toMatch(/5m 0s of this would have cost 1\.39 % of the error budget/);
  });

  it('counts an incident as long as it is said to last, and the weight of its hour', () => {
    expect(run({ incidentS: 600, trafficWeight: 2 }, 60).cost?.value).toBeCloseTo(4 * 0.013889, 4);
  });

  it('is 20 % for 0.02 pp that last for all of the period', () => {
    expect(run({ incidentS: 30 * DAY_S }, 300, 0.0002).cost?.value).toBeCloseTo(0.2, 6);
  });

  it('holds the true cost in nine intervals of ten', () => {
    const chance = random(11, 'cost');
    let held = 0;
    for (let k = 0; k < 120; k++) {
      const { cost } = judgeBudget(
        {
          windows: [
            window('baseline', 40, 50, 0.01, () => chance.next()),
            window('fault', 40, 50, 0.05, () => chance.next()),
          ],
        },
        budgetPolicy(),
      ).budget;
      const truth = (0.04 * 40) / (30 * DAY_S * 0.001);
      if ((cost?.low ?? 1) <= truth && truth <= (cost?.high ?? 0)) held++;
    }
    expect(held).toBeGreaterThanOrEqual(104);
  });

  it('is unknown without a baseline, and a census in production', () => {
    expect(judgeBudget({ windows: [window('fault', 20, 50, 0.5)] }, budgetPolicy()).budget.cost).toBeNull();
    const production = judgeBudget(
      { windows: [window('baseline', 20, 100, 0), window('fault', 20, 100, 0.1)] },
      budgetPolicy({ environment: 'production', events: 1e6 }),
    ).budget;
    // 200 bad of the 1,000 that the window may hold.
    expect(production.cost?.value).toBeCloseTo(0.2, 6);
    expect(production.cost?.high).toBeCloseTo(0.2, 6);
  });
});

describe('alerts, replayed', () => {
  const timeline = (ratio: number, seconds: number, base = 0) => ({
    bad: Array.from({ length: seconds }, () => 1000 * ratio),
    total: Array.from({ length: seconds }, () => 1000),
    base,
    lasting: { ratio, ratePerSecond: 1000 },
  });

  it('fire long·f·e/r after a step, in the run or had it gone on', () => {
    const inRun = replayAlerts(budgetPolicy(), timeline(1, 300));
    // 3600 · 14.4 · 0.001 / 1 = 51.84 s: the second in which both windows are over.
    expect(inRun[0]).toMatchObject({ severity: 'page', longS: 3600, shortS: 300, firedS: 52, before: false });
    const later = replayAlerts(budgetPolicy(), timeline(0.4, 60));
    expect(later[0]?.firedS).toBeNull();
    expect(later[0]?.ifLastedS).toBeCloseTo(129.6, 6);
    expect(alertSummary(later)).toMatch(/would have paged after 2 min 10 s, had it gone on/);
  });

  it('never fire below their factor, and are open before when the baseline burns', () => {
    expect(replayAlerts(budgetPolicy(), timeline(0.0009, 300)).every(({ ifLastedS }) => ifLastedS === null)).toBe(true);
    expect(alertSummary(replayAlerts(budgetPolicy(), timeline(0.0005, 60)))).toBe('would never have alerted anybody');
    expect(replayAlerts(budgetPolicy(), timeline(0.5, 60, 0.02))[0]).toMatchObject({ before: true, firedS: 0 });
  });

  it('need a handful of bad events, and leave out what could never fire', () => {
    const thin = { bad: [1, 1, 1], total: [1, 1, 1], base: 0, lasting: { ratio: 1, ratePerSecond: 0.001 } };
    expect(replayAlerts(budgetPolicy(), thin)[0]).toMatchObject({ firedS: null, ifLastedS: null });
    // 14.4 × 10 % is more than everything.
    expect(replayAlerts(budgetPolicy({ objective: 0.9 }), timeline(1, 300)).map(({ longS }) => longS)).not.toContain(
      3600,
    );
    expect(replayAlerts(budgetPolicy({ window: days(7) }), timeline(1, 300))[0]?.factor).toBeCloseTo(3.36, 6);
  });
});

describe('a ledger’s state', () => {
  const now = Date.UTC(2026, 2, 31, 12);
  const spent = (bad: number, fromDays: number, toDays = fromDays - 1, total = 1e6): Spending => ({
    id: `${fromDays}`,
    fromMs: now - fromDays * DAY_S * 1000,
    toMs: now - toDays * DAY_S * 1000,
    bad,
    total,
  });

  it('counts what is in a rolling window, by the part that is', () => {
    const state = budgetState(
      budgetPolicy({ events: 30e6 }),
      [spent(6000, 20), spent(3000, 30.5, 29.5), spent(9999, 40)],
      now,
    );
    expect(state).toMatchObject({ state: 'ok', expectedFrom: 'policy' });
    expect(state.consumed).toBeCloseTo((6000 + 1500) / 30_000, 6);
  });

  it('asks for a review from 70 % on, freezes at 100 %, and says when nothing will be left', () => {
    const of = (bad: number) => budgetState(budgetPolicy({ events: 30e6 }), [spent(bad, 1, 0)], now);
    expect([20_999, 21_000, 30_000].map((bad) => of(bad).state)).toEqual(['ok', 'review_required', 'frozen']);
    // Half of it in a day: a burn rate of 15, and the other half lasts another day.
    expect(of(15_000).burnRate).toBeCloseTo(15, 6);
    expect(of(15_000).exhaustedInS).toBeCloseTo(DAY_S, 3);
    expect(of(0).exhaustedInS).toBeNull();
  });

  it('forecasts a period that has only begun, instead of calling it burned', () => {
    const start = Date.UTC(2026, 2, 1);
    const calendar = budgetPolicy({
      window: { type: 'calendar', unit: 'month', count: 1, timeZone: 'UTC', start: '2024-01-01' },
    });
    const five = { id: 'a', fromMs: start, toMs: start + 300_000, bad: 1, total: 10 };
    const state = budgetState(calendar, [five], start + 300_000);
    expect(state.expectedFrom).toBe('forecast');
    // One in ten is bad: a burn rate of 100, but hardly any of the month's budget.
    expect(state.burnRate).toBeCloseTo(100, 6);
    expect(state.consumed).toBeCloseTo(100 * (300 / (31 * DAY_S)), 6);
    expect(budgetState(calendar, [five], Date.UTC(2026, 3, 1)).consumed).toBe(0);
  });

  it('counts slices where the budget does', () => {
    const slices = budgetPolicy({ method: 'timeslices' });
    const one = { ...spent(0, 1, 0), slices: { bad: 4.32, total: 1440, ratioSum: 1 } };
    expect(budgetState(slices, [one], now).consumed).toBeCloseTo(0.1, 6);
    expect(budgetState(budgetPolicy({ method: 'ratio-timeslices' }), [one], now).consumed).toBeCloseTo(1 / 43.2, 6);
  });
});

describe('calendar periods', () => {
  const at = (text: string) => Date.parse(text);
  const shown = (period: { fromMs: number; toMs: number }) =>
    [period.fromMs, period.toMs].map((ms) => new Date(ms).toISOString());
  const base = { unit: 'month' as const, count: 1, timeZone: 'UTC', start: '2024-01-01T00:00:00' };

  it('have the real lengths of months, also before the start', () => {
    expect(shown(periodAt(base, at('2024-02-29T23:59:59Z')))).toEqual([
      '2024-02-01T00:00:00.000Z',
      '2024-03-01T00:00:00.000Z',
    ]);
    expect(shown(periodAt({ ...base, unit: 'quarter' }, at('2023-12-31T23:00:00Z')))).toEqual([
      '2023-10-01T00:00:00.000Z',
      '2024-01-01T00:00:00.000Z',
    ]);
    expect(shown(periodAt({ ...base, start: '2024-01-31T00:00:00' }, at('2025-03-01T00:00:00Z')))).toEqual([
      '2025-02-28T00:00:00.000Z',
      '2025-03-31T00:00:00.000Z',
    ]);
  });

  it('reset at local midnight, on both sides of a change of the clocks', () => {
    const berlin = { ...base, unit: 'day' as const, timeZone: 'Europe/Berlin' };
    const [spring, autumn] = [
      periodAt(berlin, at('2026-03-29T12:00:00Z')),
      periodAt(berlin, at('2026-10-25T12:00:00Z')),
    ];
    expect(shown(spring)).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z']);
    expect((autumn.toMs - autumn.fromMs) / 3.6e6).toBe(25);
    const week = periodAt({ ...berlin, unit: 'week' }, at('2026-03-30T00:30:00+02:00'));
    expect(shown(week)[0]).toBe('2026-03-29T22:00:00.000Z');
  });

  it('start at moments that exist', () => {
    expect(parseLocal('2024-02-30')).toBeUndefined();
    expect(parseLocal('2024-02-29 07:05')).toMatchObject({ secondOfDay: 25_500 });
    expect([isTimeZone('Europe/Berlin'), isTimeZone('Europe/Atlantis')]).toEqual([true, false]);
  });
});
