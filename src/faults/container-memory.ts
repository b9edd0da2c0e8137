import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { UndoRecord } from '../record/undo.js';
import { useOf } from '../targets/container-limits.js';
import { PlimsollError } from '../support/errors.js';
import { sizeBytes } from '../support/unit-schemas.js';
import { formatBytes } from '../support/units.js';
import { defineFault, type FaultContext } from './fault.js';
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
  refuseAutoRemove,
  selectContainers,
  vanished,
  type PickedContainer,
} from './shared/container-selection.js';

/** The engine takes no less. */
const LEAST_BYTES = 6 * 1024 * 1024;
const PAGE_BYTES = 4096;

const settings = z.strictObject({
  ...containerSelection,
  limit: sizeBytes
    .refine((bytes) => bytes >= LEAST_BYTES, 'must be at least 6MiB: the engine takes no less')
    .transform(Math.ceil)
    .describe('How much memory each of them may use, swap included'),
  allowBelowUse: z
    .boolean()
    .default(false)
    .describe('May it be less than they use right now? The kernel then kills in them at once, or the engine refuses'),
});

export default defineFault({
  type: 'container-memory',
  title: 'Less memory for a container',
  family: 'container',
  description:
    'Containers of a service may use only so much memory, and no swap, as with a limit that is too low for the load or a leak that has come to its end. ' +
    'What needs more drops its caches, grows slow, and is at last killed by the kernel (an OOM kill). ' +
    'It shows whether a service bounds its own memory, and what its callers see when it does not. ' +
    'The undo writes back the limit that was there before, and starts a container again that was killed. ' +
    'An engine can raise a limit but not take it away: a container without one is refused. Give it one that is as good as none, all memory of the machine: `docker update --memory <size> --memory-swap -1 <container>`, or `mem_limit` in Compose.',
  settings,
  duration: 'lasting',
  needsEngine: 'memory',
  example: '- { type: container-memory, service: order, count: 1, limit: 96MB, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectContainers(given, context);
    refuseAutoRemove(picked);
    const { memoryBytes } = await limitingEngine('memory');
    const orders = await Promise.all(picked.map(async (container) => orderFor(container, given, memoryBytes)));
    const before = new Map<string, Kills>();
    return {
      summary: `at most ${formatBytes(given.limit)} of memory for ${howManyContainers(picked, all)}`,
      targets: containerRefs(picked),
      // In reverse: the limit first, then whoever it killed.
      undo: orders.flatMap((order, position) => [
        startRecord(context, order.container, 2 * position),
        restoreRecord(context, order, 2 * position + 1, flagsOf(order)),
      ]),
      async inject(signal) {
        for (const { container } of orders) before.set(container.id, await killsOf(container));
        await orderLimits(orders, signal);
      },
      prove: async () => prove(orders, given.limit, before),
      proveUndone: async () => proveRestored(orders, before),
    };
  },
});

/** @throws PlimsollError `no_limit_before`, `already_limited`, `below_use`, `target_vanished` */
async function orderFor(
  container: PickedContainer,
  { limit, allowBelowUse }: { limit: number; allowBelowUse: boolean },
  machineBytes: number,
): Promise<LimitOrder> {
  const noted = await notedLimits(container);
  const name = `${describeContainer(container)} of ${container.service}`;
  if (noted.memory <= 0) {
    throw new PlimsollError({
      code: 'no_limit_before',
      message: `${name} has no memory limit, and an engine cannot take one away again`,
      hint: `Give it one that is as good as none: docker update --memory ${machineBytes} --memory-swap -1 ${container.name} (or \`mem_limit\` in Compose).`,
      kind: 'usage',
    });
  }
  if (limit >= noted.memory) {
    throw new PlimsollError({
      code: 'already_limited',
      message: `${name} may use ${formatBytes(noted.memory)} as it is; ${formatBytes(limit)} would take nothing away`,
      hint: 'Choose a lower `limit`.',
      kind: 'usage',
    });
  }
  const use = await useOf(container.id);
  if (!use) throw vanished(container);
  if (use.memoryBytes > limit && !allowBelowUse) {
    throw new PlimsollError({
      code: 'below_use',
      message: `${name} uses ${formatBytes(use.memoryBytes)} right now, more than ${formatBytes(limit)}: it would be killed at once`,
      hint: 'Choose a higher `limit`, or write `allowBelowUse: true` if that is what you want to know.',
      kind: 'usage',
    });
  }
  const { memory, memorySwap } = noted;
  // Without swap accounting the engine has noted none, and takes none.
  const swaps = memorySwap !== 0;
  return {
    container,
    noted,
    wanted: { memory: limit, ...(swaps ? { memorySwap: limit } : {}) },
    restored: { memory, ...(swaps ? { memorySwap } : {}) },
  };
}

function flagsOf({ restored: { memory, memorySwap } }: LimitOrder): string {
  return `--memory ${memory}${memorySwap === undefined ? '' : ` --memory-swap ${memorySwap}`}`;
}

/** Harmless where it still runs. */
function startRecord(context: FaultContext, container: PickedContainer, position: number): UndoRecord {
  return {
    kind: 'start-container',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `start ${describeContainer(container)} of ${container.service} again, should it have ended`,
    byHand: `docker start ${container.id}`,
    timeLimitMs: 20_000,
    container: container.id,
  };
}

/** What tells later whether somebody in it was killed for want of memory. */
interface Kills {
  counted: number | undefined;
  startedAt: string;
}

async function killsOf(container: PickedContainer): Promise<Kills> {
  const look = await lookAt(container);
  return { counted: look?.kernel?.oomKills, startedAt: look?.startedAt ?? '' };
}

type Look = NonNullable<Awaited<ReturnType<typeof lookAt>>>;

/** In words; undefined where nobody was killed, or it can't be seen. */
function killWords(look: Look, before: Kills | undefined): string | undefined {
  if (look.oomKilled && !look.running) return 'it was killed for want of memory, and has ended';
  if (before && look.startedAt !== before.startedAt) return 'it ended, and was started again';
  const more = (look.kernel?.oomKills ?? 0) - (before?.counted ?? 0);
  if (more <= 0 || before?.counted === undefined) return undefined;
  return more === 1
    ? 'one process in it was killed for want of memory'
    : `${more} processes in it were killed for want of memory`;
}

const METHOD = "the engine's note, and the limit in the container's control group";

async function prove(orders: readonly LimitOrder[], limit: number, before: ReadonlyMap<string, Kills>): Promise<Proof> {
  const looks = await Promise.all(
    orders.map(async ({ container }) => {
      const [look, use] = await Promise.all([lookAt(container), useOf(container.id)]);
      if (!look) return { fits: false, seen: true, killed: false, used: 0, words: `${container.name}: gone` };
      const held = look.kernel?.memoryBytes ?? use?.memoryLimitBytes;
      const killed = killWords(look, before.get(container.id));
      const kept = held === undefined || Math.abs(held - limit) < PAGE_BYTES;
      const words = [
        `${formatBytes(look.noted.memory)} noted`,
        ...(held === undefined ? [] : [`${formatBytes(held)} in the kernel`]),
        ...(use ? [`${formatBytes(use.memoryBytes)} used`] : []),
        ...(killed === undefined ? [] : [killed]),
      ];
      return {
        fits: look.noted.memory === limit && kept,
        // Whoever was killed by it met the limit.
        seen: held !== undefined || killed !== undefined,
        killed: killed !== undefined,
        used: use?.memoryBytes ?? 0,
        words: `${container.name}: ${words.join(', ')}`,
      };
    }),
  );
  const limited = looks.filter(({ fits }) => fits).length;
  return {
    status: limited < orders.length ? 'mismatch' : looks.every(({ seen }) => seen) ? 'confirmed' : 'unknown',
    method: METHOD,
    finding: `${limited} of ${orders.length} limited to ${formatBytes(limit)} (${looks.map(({ words }) => words).join('; ')})`,
    measured: {
      limited,
      ordered: orders.length,
      limitBytes: limit,
      mostUsedBytes: Math.max(...looks.map(({ used }) => used)),
      killed: looks.filter(({ killed }) => killed).length,
    },
  };
}

async function proveRestored(orders: readonly LimitOrder[], before: ReadonlyMap<string, Kills>): Promise<Proof> {
  const looks = await Promise.all(
    orders.map(async ({ container, noted }) => {
      const look = await lookAt(container);
      if (!look) return { fits: false, killed: false, words: `${container.name}: gone` };
      const held = look.kernel?.memoryBytes;
      // Somebody else may have allowed it more meanwhile: then that stays.
      const fits =
        look.running && look.noted.memory >= noted.memory && (held === undefined || held > noted.memory - PAGE_BYTES);
      const killed = killWords(look, before.get(container.id));
      const words = [
        `${formatBytes(look.noted.memory)} noted`,
        ...(held === undefined ? [] : [`${formatBytes(held)} in the kernel`]),
        look.running ? 'running' : 'ended',
        ...(killed === undefined ? [] : [`while it was limited ${killed}`]),
      ];
      return { fits, killed: killed !== undefined, words: `${container.name}: ${words.join(', ')}` };
    }),
  );
  const restored = looks.filter(({ fits }) => fits).length;
  return {
    status: restored === orders.length ? 'confirmed' : 'mismatch',
    method: METHOD,
    finding: `${restored} of ${orders.length} as before (${looks.map(({ words }) => words).join('; ')})`,
    measured: { restored, ordered: orders.length, killed: looks.filter(({ killed }) => killed).length },
  };
}
