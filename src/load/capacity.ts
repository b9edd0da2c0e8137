import { median } from 'd3-array';
import type { EventBody } from '../record/events.js';
import { outcomeByte } from './ledger.js';
import type { ClosedStreamPlan, DriverSecond, StreamPlan } from './driver.js';
import { createLoadDriver } from './load-driver.js';
import { PlimsollError } from '../support/errors.js';
import { systemClock } from '../support/clock.js';

export interface CapacityOptions {
  signal: AbortSignal;
  onStep?: (step: EventBody<'capacity.step'>) => void;
  /** Of each step; defaults: 2 s of warm-up, 5 s measured. */
  warmupMs?: number;
  stepMs?: number;
  /** Default 3; the median counts. */
  rounds?: number;
}

const STEPS = [10, 25, 50, 100, 200, 400, 800];
/** Less growth than this and more connections only make the queues longer. */
const LEAST_GROWTH = 0.05;
const LEAST_OK = 0.999;
const MOST_DRIVER_CPU = 0.9;
const MOST_WASHOUT_MS = 15_000;

const OK = outcomeByte('ok');

/**
 * How many requests a second the system can answer: users without think time, 10, 25, 50, 100 … of them, until goodput
 * grows by less than 5 %; three rounds, median. It saturates the system. Afterwards it waits until a light probe is as
 * fast as before. Throws `capacity_invalid` where the system did not answer well enough for a figure.
 */
export async function measureCapacity(
  stream: StreamPlan,
  options: CapacityOptions,
): Promise<EventBody<'capacity.measured'>> {
  const before = await probe(stream, options);
  const rounds: Step[] = [];
  for (let round = 1; round <= (options.rounds ?? 3); round++) {
    rounds.push(await climb(stream, options, round));
  }
  await washout(stream, options, before);
  const perSecond = rounds.map((step) => step.goodput);
  const middle = median(perSecond) ?? 0;
  return {
    perSecond: middle,
    spread: middle > 0 ? (Math.max(...perSecond) - Math.min(...perSecond)) / middle : 0,
    driverBound: rounds.some(({ driverCpu }) => driverCpu > MOST_DRIVER_CPU),
    connections: median(rounds.map(({ connections }) => connections)) ?? 0,
    rounds: perSecond,
  };
}

interface Step {
  connections: number;
  /** Ok answers a second. */
  goodput: number;
  /** Share of a core. */
  driverCpu: number;
  medianUs: number;
}

async function climb(stream: StreamPlan, options: CapacityOptions, round: number): Promise<Step> {
  let best: Step | undefined;
  for (const connections of STEPS) {
    const step = await measure(stream, connections, { min: 0, max: 0 }, options).catch((error: unknown) => {
      // A system that sheds load when it is full has shown what it can do in the steps before.
      if (best && error instanceof PlimsollError && error.code === 'capacity_invalid') return undefined;
      throw error;
    });
    if (!step) break;
    options.onStep?.({ stream: stream.name, round, connections, perSecond: step.goodput });
    const grew = best === undefined || step.goodput > best.goodput * (1 + LEAST_GROWTH);
    if (!best || step.goodput > best.goodput) best = step;
    if (!grew || step.driverCpu > MOST_DRIVER_CPU) break;
  }
  if (!best) throw new Error('no step was measured');
  return best;
}

/** One step of the ladder, in a driver process of its own. */
async function measure(
  stream: StreamPlan,
  users: number,
  thinkMs: ClosedStreamPlan['thinkMs'],
  options: CapacityOptions,
): Promise<Step> {
  const { signal } = options;
  const warmupMs = options.warmupMs ?? 2000;
  const stepMs = options.stepMs ?? 5000;
  const { name, requests, data, tracing, tls } = stream;
  const plan: ClosedStreamPlan = { model: 'closed', name, users, thinkMs, requests, data, tracing, tls };
  const driver = createLoadDriver({ runId: 'capacity', seed: 1, streams: [plan] });
  const batches: DriverSecond[] = [];
  let death: string | undefined;
  driver.onSecond((batch) => batches.push(batch));
  driver.onDeath((_model, reason) => (death = reason));
  try {
    await driver.prepare(signal);
    await driver.start(systemClock.nowUs() + 50_000);
    await systemClock.sleep(50 + warmupMs + stepMs, signal);
    await driver.stop({ atUs: (warmupMs + stepMs) * 1000, drain: true });
  } finally {
    await driver.dispose();
  }
  const responses: number[] = [];
  let scheduled = 0;
  for (const { columns } of batches.flatMap(({ chunks }) => chunks)) {
    for (let k = 0; k < columns.index.length; k++) {
      if ((columns.dueUs[k] ?? 0) < warmupMs * 1000) continue;
      scheduled++;
      if (columns.outcome[k] === OK) responses.push(columns.responseUs[k] ?? 0);
    }
  }
  const goodShare = scheduled === 0 ? 0 : responses.length / scheduled;
  if (death !== undefined || goodShare < LEAST_OK) {
    throw new PlimsollError({
      code: 'capacity_invalid',
      message:
        death === undefined
          ? `With ${users} connections only ${(goodShare * 100).toFixed(2)} % of ${scheduled} answers were ok; a capacity needs ${LEAST_OK * 100} %.`
          : `The load driver died while it measured the capacity: ${death}.`,
      hint: 'Look at the logs of the system for what it refuses under load, or give the rate as a number.',
    });
  }
  const healthy = batches.map(({ health }) => health).filter(({ second }) => second * 1000 >= warmupMs);
  return {
    connections: users,
    goodput: (responses.length * 1000) / stepMs,
    driverCpu: median(healthy.map(({ cpuShare }) => cpuShare)) ?? 0,
    medianUs: median(responses) ?? 0,
  };
}

/** The median answer to a light load, µs. */
async function probe(stream: StreamPlan, options: CapacityOptions): Promise<number> {
  const step = await measure(stream, 1, { min: 20, max: 20 }, { ...options, warmupMs: 200, stepMs: 800 });
  return step.medianUs;
}

async function washout(stream: StreamPlan, options: CapacityOptions, beforeUs: number): Promise<void> {
  const untilUs = systemClock.nowUs() + MOST_WASHOUT_MS * 1000;
  // A quarter more and a millisecond: what a healthy system varies by from one second to the next.
  while ((await probe(stream, options)) > beforeUs * 1.25 + 1000) {
    if (systemClock.nowUs() > untilUs) {
      throw new PlimsollError({
        code: 'capacity_washout',
        message: `The system was still slower than before, ${MOST_WASHOUT_MS / 1000} s after its capacity was measured.`,
        hint: 'Give the rate as a number, or find what the load left behind (queues, connections, caches).',
      });
    }
  }
}
