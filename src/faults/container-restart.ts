import { z } from 'zod';
import { restartContainer, type ContainerState } from '../targets/container.js';
import { defineFault } from './fault.js';
import { containerSelection, graceful } from './shared/container-settings.js';
import { prepareContainerEnd, proveEnded } from './shared/container-end.js';

const settings = z.strictObject({ ...containerSelection, graceful });

export default defineFault({
  type: 'container-restart',
  title: 'Restarted container',
  family: 'container',
  description:
    'Containers of a service end in an orderly way and are started again at once, one after another, as in a rolling deployment. ' +
    'It shows what a release costs: cold caches, reconnecting clients, requests that fell between the old container and the new one.',
  settings,
  duration: 'instant',
  example: '- { type: container-restart, service: order, count: 1, graceful: 5s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  prepare: async (given, context) =>
    prepareContainerEnd(given, context, {
      summary: (which) => `restart ${which}`,
      order: async (id) => restartContainer(id, Math.ceil(given.graceful / 1000)),
      prove: async (picked, signal) => proveEnded(picked, 'restarted', 5000, signal, isNewStart),
    }),
});

function isNewStart(before: ContainerState, now: ContainerState | undefined): boolean {
  return now?.running === true && now.startedAt !== before.startedAt;
}
