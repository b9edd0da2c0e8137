import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { ContainerLimits } from '../record/undo.js';
import { USUAL_PERIOD, coresAllowed, useOf, type ContainerUse } from '../targets/container-limits.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault } from './fault.js';
import { containerSelection } from './shared/container-settings.js';
import {
  limitingEngine,
  lookAt,
  notedLimits,
  orderLimits,
  restoreRecord,
  type LimitOrder,
} from './shared/container-limit.js';
import {
  containerRefs,
  describeContainer,
  howManyContainers,
  selectContainers,
  type PickedContainer,
} from './shared/container-selection.js';

/** Microseconds: the kernel takes no quota below it. */
const LEAST_QUOTA = 1000;
const MEASURED_MS = 1000;
/** Beyond the limit, in cores and as a share of it: what the edges of the measured second may add. */
const MOST_ABOVE = { cores: 0.1, share: 0.25 };

const settings = z.strictObject({
  ...containerSelection,
  cores: z
    .number()
    .min(0.01, 'must be at least 0.01: the kernel takes no smaller quota')
    .max(1024)
    .describe('How much CPU time each of them may use, in cores: 0.2 is a fifth of one'),
});

export default defineFault({
  type: 'container-cpu',
  title: 'Less CPU for a container',
  family: 'container',
  description:
    'Containers of a service may use only so much CPU time (a CFS quota), as with a limit that is too low for the load, or on a host that is oversold. ' +
    'Whoever wants more is held back for the rest of each tenth of a second: answers come in bursts and late. ' +
    'It shows whether callers time out and go elsewhere, and whether health checks see a slow replica. ' +
    'The undo writes back what was there before.',
  settings,
  duration: 'lasting',
  needsEngine: 'cpu',
  example: '- { type: container-cpu, service: order, count: 1, cores: 0.1, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectContainers(given, context);
    const { cores: most } = await limitingEngine('cpu');
    const orders = await Promise.all(picked.map(async (container) => orderFor(container, given.cores, most)));
    return {
      summary: `at most ${given.cores} cores for ${howManyContainers(picked, all)}`,
      targets: containerRefs(picked),
      undo: orders.map((order, position) => restoreRecord(context, order, position, flagsOf(order.restored))),
      inject: async (signal) => orderLimits(orders, signal),
      prove: async (signal) => prove(orders, given.cores, signal),
      proveUndone: async () => proveRestored(orders),
    };
  },
});

/** @throws PlimsollError `already_limited` where nothing would be taken away, `target_vanished` */
async function orderFor(container: PickedContainer, cores: number, most: number): Promise<LimitOrder> {
  const noted = await notedLimits(container);
  const now = Math.min(coresAllowed(noted), most);
  if (cores >= now) {
    throw new PlimsollError({
      code: 'already_limited',
      message: `${describeContainer(container)} of ${container.service} may use ${now} cores as it is; ${cores} would take nothing away`,
      hint: 'Choose fewer `cores`.',
      kind: 'usage',
    });
  }
  // The engine knows two ways to say it, and takes only that in which it was said before.
  if (noted.nanoCpus > 0) {
    return {
      container,
      noted,
      wanted: { nanoCpus: Math.round(cores * 1e9) },
      restored: { nanoCpus: noted.nanoCpus },
    };
  }
  const { cpuQuota, cpuPeriod } = noted;
  const keepsPeriod = cpuPeriod === 0 || cores * cpuPeriod >= LEAST_QUOTA;
  const period = keepsPeriod ? cpuPeriod || USUAL_PERIOD : USUAL_PERIOD;
  return {
    container,
    noted,
    wanted: { cpuQuota: Math.round(cores * period), ...(keepsPeriod ? {} : { cpuPeriod: period }) },
    restored: { cpuQuota: cpuQuota > 0 ? cpuQuota : -1, ...(cpuPeriod > 0 ? { cpuPeriod } : {}) },
  };
}

function flagsOf({ nanoCpus, cpuQuota, cpuPeriod }: ContainerLimits): string {
  return [
    ...(nanoCpus === undefined ? [] : [`--cpus ${nanoCpus / 1e9}`]),
    ...(cpuQuota === undefined ? [] : [`--cpu-quota ${cpuQuota}`]),
    ...(cpuPeriod === undefined ? [] : [`--cpu-period ${cpuPeriod}`]),
  ].join(' ');
}

/** What is noted, what the kernel holds it to, and what it really used over about a second. */
async function prove(orders: readonly LimitOrder[], cores: number, signal: AbortSignal): Promise<Proof> {
  const use = async () => Promise.all(orders.map(async ({ container }) => useOf(container.id)));
  const before = await use();
  await systemClock.sleep(MEASURED_MS, signal);
  const after = await use();
  const looks = await Promise.all(
    orders.map(async (order, n) => {
      const look = await lookAt(order.container);
      const measured = between(before[n], after[n]);
      const kernel = look?.kernel?.cores;
      const fits =
        look !== undefined &&
        isAbout(coresAllowed(look.noted), cores) &&
        (kernel === undefined || isAbout(kernel, cores)) &&
        (measured === undefined || measured.cores <= cores * (1 + MOST_ABOVE.share) + MOST_ABOVE.cores);
      const words =
        look === undefined
          ? 'gone'
          : `${describeCores(coresAllowed(look.noted))} noted` +
            (kernel === undefined ? '' : `, ${describeCores(kernel)} in the kernel`) +
            (measured === undefined
              ? ', its use could not be measured'
              : `, ${measured.cores.toFixed(3)} used, held back in ${measured.throttled} of ${measured.periods} periods`);
      return { fits, words: `${order.container.name}: ${words}`, kernel, measured };
    }),
  );
  const limited = looks.filter(({ fits }) => fits).length;
  const seen = looks.every(({ kernel, measured }) => kernel !== undefined || measured !== undefined);
  return {
    status: limited < orders.length ? 'mismatch' : seen ? 'confirmed' : 'unknown',
    method: "the engine's note, the quota in the container's control group, and its CPU time over a second",
    finding: `${limited} of ${orders.length} limited to ${describeCores(cores)} (${looks.map(({ words }) => words).join('; ')})`,
    measured: {
      limited,
      ordered: orders.length,
      mostCores: Math.max(0, ...looks.map(({ measured }) => measured?.cores ?? 0)),
      throttledPeriods: looks.reduce((sum, { measured }) => sum + (measured?.throttled ?? 0), 0),
      seenInKernel: looks.every(({ kernel }) => kernel !== undefined),
    },
  };
}

async function proveRestored(orders: readonly LimitOrder[]): Promise<Proof> {
  const looks = await Promise.all(
    orders.map(async ({ container, restored }) => {
      const look = await lookAt(container);
      const wanted = coresAllowed(restored);
      const kernel = look?.kernel?.cores;
      // Somebody else may have allowed it more meanwhile: then that stays.
      const fits =
        look !== undefined &&
        atLeast(coresAllowed(look.noted), wanted) &&
        (kernel === undefined || atLeast(kernel, wanted));
      const words =
        look === undefined
          ? 'gone'
          : `${describeCores(coresAllowed(look.noted))} noted${kernel === undefined ? '' : `, ${describeCores(kernel)} in the kernel`}`;
      return { fits, words: `${container.name}: ${words}` };
    }),
  );
  const restored = looks.filter(({ fits }) => fits).length;
  return {
    status: restored === orders.length ? 'confirmed' : 'mismatch',
    method: "the engine's note, and the quota in the container's control group",
    finding: `${restored} of ${orders.length} as before (${looks.map(({ words }) => words).join('; ')})`,
    measured: { restored, ordered: orders.length },
  };
}

function between(
  before: ContainerUse | undefined,
  after: ContainerUse | undefined,
): { cores: number; periods: number; throttled: number } | undefined {
  // One that was started again in between has begun to count anew.
  if (!before || !after || after.atMs <= before.atMs || after.cpuMs < before.cpuMs) return undefined;
  return {
    cores: Number(((after.cpuMs - before.cpuMs) / (after.atMs - before.atMs)).toFixed(4)),
    periods: after.periods - before.periods,
    throttled: after.throttledPeriods - before.throttledPeriods,
  };
}

/** The kernel keeps whole microseconds. */
const isAbout = (found: number, wanted: number): boolean =>
  found === wanted || Math.abs(found - wanted) <= 0.01 * Math.min(found, wanted);
const atLeast = (found: number, wanted: number): boolean => found >= wanted || isAbout(found, wanted);
const describeCores = (cores: number): string =>
  Number.isFinite(cores) ? `${Number(cores.toFixed(3))} cores` : 'no limit';
