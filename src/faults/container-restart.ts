import { z } from 'zod';
import { restartContainer } from '../targets/container.js';
import { defineFault } from './fault.js';
import { containerSelection, graceful } from './shared/container-settings.js';
import {
  containerRefs,
  howManyContainers,
  refuseAutoRemove,
  selectContainers,
  vanished,
} from './shared/container-selection.js';
import { proveEnded, proveRunning, startRecords } from './shared/container-end.js';

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
  async prepare(given, context) {
    const service = context.targets.service(given.service);
    const { picked, all } = await selectContainers(given, context);
    refuseAutoRemove(picked);
    return {
      summary: `restart ${howManyContainers(picked, all)}`,
      targets: containerRefs(picked),
      undo: startRecords(context, picked, {}),
      async inject(signal) {
        for (const container of picked) {
          signal.throwIfAborted();
          if ((await restartContainer(container.id, Math.ceil(given.graceful / 1000))) === 'gone')
            throw vanished(container);
        }
      },
      prove: async (signal) =>
        proveEnded(
          picked,
          'restarted',
          5000,
          signal,
          (before, now) => now?.running === true && now.startedAt !== before.startedAt,
        ),
      proveUndone: async () => proveRunning(picked, service),
    };
  },
});
