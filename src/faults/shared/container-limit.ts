import type { ContainerLimits, UndoRecord } from '../../record/undo.js';
import { stateOfContainer } from '../../targets/container.js';
import {
  engineAbilities,
  kernelLimitsOf,
  limitWords,
  limitsOf,
  setLimits,
  type KernelLimits,
  type NotedLimits,
} from '../../targets/container-limits.js';
import { PlimsollError } from '../../support/errors.js';
import type { FaultContext } from '../fault.js';
import { describeContainer, vanished, type PickedContainer } from './container-selection.js';

/** A container, what the engine had noted for it, and what is ordered instead. */
export interface LimitOrder {
  container: PickedContainer;
  noted: NotedLimits;
  wanted: ContainerLimits;
  /** What the undo writes back. */
  restored: ContainerLimits;
}

/** @throws PlimsollError `target_vanished` */
export async function notedLimits(container: PickedContainer): Promise<NotedLimits> {
  const noted = await limitsOf(container.id);
  if (!noted) throw vanished(container);
  return noted;
}

/** @throws PlimsollError `engine_cannot_limit` where the kernel of the engine's machine has no such limits. */
export async function limitingEngine(what: 'cpu' | 'memory'): Promise<{ cores: number; memoryBytes: number }> {
  const abilities = await engineAbilities();
  if (abilities[what]) return abilities;
  throw new PlimsollError({
    code: 'engine_cannot_limit',
    message: `the kernel under this Docker Engine has no limits of ${what === 'cpu' ? 'CPU time (CFS quotas)' : 'memory'} for containers`,
    hint: '`docker info` warns of it and says why.',
    kind: 'usage',
  });
}

/** @throws PlimsollError `target_vanished`, or the engine's own words where it refuses. */
export async function orderLimits(orders: readonly LimitOrder[], signal: AbortSignal): Promise<void> {
  for (const { container, wanted } of orders) {
    signal.throwIfAborted();
    if ((await setLimits(container.id, wanted)) === 'gone') throw vanished(container);
  }
}

/** @param flags of `docker update`, for whoever does it by hand. */
export function restoreRecord(context: FaultContext, order: LimitOrder, position: number, flags: string): UndoRecord {
  const { container, restored } = order;
  return {
    kind: 'restore-container-limits',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `let ${describeContainer(container)} of ${container.service} use ${limitWords(restored)} again`,
    byHand: `docker update ${flags} ${container.id}`,
    timeLimitMs: 15_000,
    container: container.id,
    limits: restored,
  };
}

/** A container as it is now: what the engine has noted, and what the kernel holds it to where that can be seen. */
export async function lookAt(container: PickedContainer): Promise<
  | {
      noted: NotedLimits;
      kernel: KernelLimits | undefined;
      running: boolean;
      oomKilled: boolean;
      startedAt: string;
    }
  | undefined
> {
  const [noted, state] = await Promise.all([limitsOf(container.id), stateOfContainer(container.id)]);
  if (!noted || !state) return undefined;
  return {
    noted,
    kernel: state.running && state.pid > 0 ? kernelLimitsOf(state.pid, container.id) : undefined,
    running: state.running,
    oomKilled: state.oomKilled,
    startedAt: state.startedAt,
  };
}
