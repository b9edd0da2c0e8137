import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BettingGuard } from '../../src/run/betting-guard.js';
import { BudgetGuard } from '../../src/run/budget-guard.js';
import { StopSignals } from '../../src/run/stop-signals.js';
import type { Guard, Trip } from '../../src/run/stop-guard.js';
import type { StopSignalsPlan } from '../../src/plan/plan.js';
import { random } from '../../src/support/random.js';
import { describeWith } from '../support/needs.js';
import { metricsPage, startPrometheus } from '../support/prometheus.js';
import { budgetPolicy } from '../support/budget-policy.js';
import { allGuards, secondRecord, shares, simulate } from './guard-simulation.js';

const streams = new Set(['load']);
/** The first trip when these many of 100 fail each second, armed from the start. */
function tripOf(guard: Guard, bads: readonly number[]): { second: number; trip: Trip } | undefined {
  for (const [second, bad] of bads.entries()) {
    const trip = guard.onSecond(secondRecord(second, 100, bad), true);
    if (trip) return { second, trip };
  }
  return undefined;
}
const every = (seconds: number, bad: number) => Array.from({ length: seconds }, () => bad);

describe('the budget guard', () => {
  it('ends a run that has spent 5 % of a month: after 2.2 minutes of total failure', () => {
    const tripped = tripOf(new BudgetGuard(budgetPolicy(), streams, 100), every(200, 100));
    expect(tripped).toMatchObject({ second: 129, trip: { guard: 'budget-quantity' } });
    expect(tripped?.trip.statistical).toBeUndefined();
  });

  it('counts in production what production holds', () => {
    const policy = budgetPolicy({ environment: 'production', events: 1e6 });
    // 5 % of the 1,000 that may fail.
    expect(tripOf(new BudgetGuard(policy, streams, 100), every(60, 5))).toMatchObject({ second: 9 });
  });

  it('ends a run that burns 36 times too fast over five minutes and over one, and no other', () => {
    // Time weighs little here, so the quantity has not been reached when the rate is.
    const guard = () => new BudgetGuard(budgetPolicy({ trafficWeight: 0.1 }), streams, 100);
    expect(tripOf(guard(), every(400, 4))).toMatchObject({ second: 299, trip: { guard: 'budget-rate' } });
    expect(tripOf(guard(), every(400, 3))).toBeUndefined();
    expect(tripOf(guard(), [...every(240, 10), ...every(100, 0)])).toBeUndefined();
    expect(
      tripOf(new BudgetGuard(budgetPolicy({ abortPerHour: null }), streams, 100), every(400, 100)),
    ).toBeUndefined();
  });
});

describe('the betting guard', () => {
  const guard = (limit = 0.01) => new BettingGuard({ name: 'bet', what: 'availability', limit, alpha: 0.01, streams });

  it('stops a run beyond its limit, as a proof of harm', () => {
    const tripped = tripOf(guard(), every(120, 10));
    expect(tripped?.trip).toMatchObject({ guard: 'bet', statistical: true });
    expect(tripped?.second).toBeLessThan(60);
    expect(tripOf(guard(), every(600, 1))).toBeUndefined();
  });

  it('waits until all arrivals of a block have ended', () => {
    const it = guard(0.001);
    for (let second = 0; second < 60; second++) {
      expect(it.onSecond(secondRecord(second, 100, 100, false), true)).toBeUndefined();
    }
    const trips = every(60, 100).map((bad, second) => it.onSecond(secondRecord(second, 100, bad), true));
    expect(trips.findIndex((trip) => trip !== undefined)).toBeGreaterThanOrEqual(10);
  });
});

describe('all guards together, simulated', () => {
  it('stop a catastrophe of 50 % errors within six seconds in most runs', () => {
    const chance = random(3, 'catastrophe');
    const times = Array.from(
      { length: 201 },
      () => simulate(allGuards(50), chance, { rate: 50, before: 20, during: every(60, 0.5) })?.afterS ?? Infinity,
    ).sort((a, b) => a - b);
    expect(times[100]).toBeLessThanOrEqual(6);
    expect(times[200]).toBeLessThan(40);
  });

  it('let sound runs be', () => {
    const chance = random(4, 'sound');
    let stopped = 0;
    for (let run = 0; run < 200; run++) {
      const during = shares(chance, 120, 0.0005, { outside: 3e-4, inside: 4e-3, length: 2 });
      if (simulate(allGuards(200), chance, { rate: 200, before: 20, during })) stopped++;
    }
    expect(stopped).toBeLessThanOrEqual(2);
  });
});

const plan = (over: Partial<StopSignalsPlan>): StopSignalsPlan => ({
  command: undefined,
  prometheus: undefined,
  alarmUrl: undefined,
  ready: undefined,
  everyMs: 50,
  timeLimitMs: 5000,
  ...over,
});
const signals = (over: Partial<StopSignalsPlan>) => new StopSignals(plan(over), { cwd: process.cwd(), env: {} });

/** Waits for the trip, or for half a minute. */
async function tripFrom(watched: StopSignals, then: () => void): Promise<Trip | undefined> {
  const over = new AbortController();
  try {
    return await new Promise<Trip | undefined>((settle) => {
      watched.watch(over.signal, settle);
      then();
      void wait(30_000, undefined, { ref: false }).then(() => settle(undefined));
    });
  } finally {
    over.abort();
  }
}

describe('the user’s own stop signals', () => {
  const never = new AbortController().signal;

  it('are read before anything is broken', async () => {
    await expect(signals({ command: 'sh -c "exit 0"' }).check(never)).resolves.toBeUndefined();
    await expect(signals({ command: 'sh -c "echo on fire; exit 3"' }).check(never)).rejects.toMatchObject({
      code: 'stop_signal_on',
      message: expect.stringContaining('on fire'),
    });
    await expect(signals({ command: 'no-such-program-here' }).check(never)).rejects.toMatchObject({
      code: 'stop_signal_unreadable',
    });
    await expect(signals({ alarmUrl: 'http://127.0.0.1:9/' }).check(never)).rejects.toMatchObject({
      code: 'stop_signal_unreadable',
    });
  });

  it('stop the run when the alarm goes on, and when nobody can read them any more', async () => {
    let status = 200;
    const server = createServer((_, answer) => {
      answer.statusCode = status;
      answer.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const alarmUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await signals({ alarmUrl }).check(never);
    const on = await tripFrom(signals({ alarmUrl }), () => (status = 503));
    expect(on).toMatchObject({ guard: 'signal-alarmUrl', message: expect.stringContaining('answers 503') });
    status = 200;
    const gone = await tripFrom(signals({ alarmUrl }), () => {
      server.close();
      server.closeAllConnections();
    });
    expect(gone?.message).toMatch(/could not be read 3 times in a row/);
  });
});

describeWith(['prometheus'], 'a stop signal in a real Prometheus', () => {
  it('is an expression that holds; a query that is none is told before the run', async () => {
    let broken = 0;
    await using page = await metricsPage(() => `# TYPE broken gauge\nbroken ${broken}\n`);
    await using prometheus = await startPrometheus(page.port);
    const { url } = prometheus;
    const calm = signals({ prometheus: { url, query: 'broken > 5' } });
    await calm.check(new AbortController().signal);
    await expect(
      signals({ prometheus: { url, query: 'broken >' } }).check(new AbortController().signal),
    ).rejects.toMatchObject({ code: 'stop_signal_unreadable', message: expect.stringContaining('parse error') });
    const trip = await tripFrom(calm, () => (broken = 7));
    expect(trip?.message).toMatch(/`broken > 5` holds, with 7/);
  }, 60_000);
});
