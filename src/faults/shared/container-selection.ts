import type { ContainerRef } from '../../targets/targets.js';
import { stateOfContainer, type ContainerState } from '../../targets/container.js';
import { short } from '../../targets/engine.js';
import { PlimsollError } from '../../support/errors.js';
import type { FaultContext, PreparedFault } from '../fault.js';
import { draw, type Selection } from './process-selection.js';

/** A container that was drawn, and how it was then. */
export interface PickedContainer extends ContainerRef {
  before: ContainerState;
}

/**
 * Draws the containers to hit, with the fault's own stream of chance, and looks at them.
 *
 * @throws PlimsollError `no_target`, `too_many_targets`, `count_and_share`, `already_paused`
 */
export async function selectContainers(
  selection: Selection,
  context: FaultContext,
): Promise<{ picked: PickedContainer[]; all: ContainerRef[] }> {
  const found = await context.targets.containers(selection.service);
  const { picked, all } = draw(found, selection, context, ['container', 'containers']);
  return { picked: await Promise.all(picked.map(withState)), all };
}

async function withState(container: ContainerRef): Promise<PickedContainer> {
  const before = await stateOfContainer(container.id);
  if (before?.running !== true) throw vanished(container);
  if (before.paused) {
    throw new PlimsollError({
      code: 'already_paused',
      message: `${describeContainer(container)} of ${container.service} is paused already, by somebody else`,
      hint: `Find out by whom; \`docker unpause ${container.name}\` lets it go on.`,
      kind: 'usage',
    });
  }
  return { ...container, before };
}

/** @throws PlimsollError `removed_when_ended` for containers that could not be started again. */
export function refuseAutoRemove(picked: readonly PickedContainer[]): void {
  const passing = picked.find(({ before }) => before.autoRemove);
  if (!passing) return;
  throw new PlimsollError({
    code: 'removed_when_ended',
    message: `${describeContainer(passing)} of ${passing.service} was started with --rm: the engine removes it when it ends, so it could not be started again`,
    hint: 'Start it without --rm, or pause it instead (`container-pause`).',
    kind: 'usage',
  });
}

export function containerRefs(picked: readonly ContainerRef[]): PreparedFault['targets'] {
  return picked.map((container) => ({
    kind: 'container',
    name: container.service,
    detail: describeContainer(container),
  }));
}

/** "container shop_order-1_1 (4f2a91c03b7d)" */
export function describeContainer({ name, id }: ContainerRef): string {
  return `container ${name} (${short(id)})`;
}

/** "1 of 2 containers of order: shop_order-1_1 (4f2a91c03b7d)" */
export function howManyContainers(picked: readonly ContainerRef[], all: readonly ContainerRef[]): string {
  const service = picked[0]?.service ?? 'the service';
  const which = picked.map(({ name, id }) => `${name} (${short(id)})`).join(', ');
  return `${picked.length} of ${all.length} ${all.length === 1 ? 'container' : 'containers'} of ${service}: ${which}`;
}

export function vanished(container: ContainerRef): PlimsollError {
  return new PlimsollError({
    code: 'target_vanished',
    message: `${describeContainer(container)} of ${container.service} ended before it could be hit`,
    hint: `Is the service stable without faults? \`docker logs ${container.name}\` may say.`,
  });
}
