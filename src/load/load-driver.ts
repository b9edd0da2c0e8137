import type { DriverSecond, Ledger, LoadDriver, LoadPlan } from './driver.js';
import { ProcessDriver } from './process-driver.js';
import type { PlacedStream } from './protocol.js';

/** The load of a plan: one process for its open-model streams, one for its closed-model streams. */
export function createLoadDriver(plan: LoadPlan): LoadDriver {
  const secondListeners: ((batch: DriverSecond) => void)[] = [];
  const deathListeners: ((driver: 'open' | 'closed', reason: string) => void)[] = [];
  let drivers: ProcessDriver[] = [];

  const stopAll = async (atUs: number, drain: boolean): Promise<Ledger> => {
    const ledgers = (await Promise.all(drivers.map((driver) => driver.stop(atUs, drain)))).flat();
    return plan.streams.flatMap(({ name }) => ledgers.find(({ stream }) => stream === name) ?? []);
  };

  return {
    async prepare(signal) {
      // Only now: the run id and calibrated rates are written into the plan before a run, not before this object.
      const placed = plan.streams.map((stream, position): PlacedStream => ({ plan: stream, position }));
      drivers = (['open', 'closed'] as const)
        .map((model) => ({ model, streams: placed.filter((stream) => stream.plan.model === model) }))
        .filter(({ streams }) => streams.length > 0)
        .map(
          ({ model, streams }) =>
            new ProcessDriver(model, plan, streams, {
              onSecond: (batch) => secondListeners.forEach((listener) => listener(batch)),
              onDeath: (reason) => deathListeners.forEach((listener) => listener(model, reason)),
            }),
        );
      await Promise.all(drivers.map((driver) => driver.prepare(signal)));
    },
    pids: () =>
      drivers.flatMap(({ model, pid }) => (pid === undefined ? [] : [{ label: `${model}-model load driver`, pid }])),
    async start(t0Us) {
      await Promise.all(drivers.map((driver) => driver.start(t0Us)));
    },
    onSecond: (listener) => void secondListeners.push(listener),
    onDeath: (listener) => void deathListeners.push(listener),
    stop: ({ atUs, drain }) => stopAll(atUs, drain),
    async dispose() {
      await Promise.all(drivers.map((driver) => driver.dispose()));
    },
  };
}
