import { z } from 'zod';
import { stopContainer } from '../targets/container.js';
import { formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { containerSelection, containerWayBack, graceful } from './shared/container-settings.js';
import {
  containerRefs,
  howManyContainers,
  refuseAutoRemove,
  selectContainers,
  vanished,
} from './shared/container-selection.js';
import { StartLater, containerWayBackWords, proveEnded, proveRunning, startRecords } from './shared/container-end.js';

const settings = z.strictObject({ ...containerSelection, graceful, ...containerWayBack });

export default defineFault({
  type: 'container-stop',
  title: 'Stopped container',
  family: 'container',
  description:
    'Containers of a service are asked to end (SIGTERM) and killed if they do not in time, as in a scale-down or when a node is drained. ' +
    'It shows whether requests in flight are answered first, and whether the remaining replicas carry the load.',
  settings,
  duration: 'instant',
  example: '- { type: container-stop, service: order, count: 1, graceful: 5s, startAfter: 5s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const service = context.targets.service(given.service);
    const { picked, all } = await selectContainers(given, context);
    refuseAutoRemove(picked);
    const words = containerWayBackWords(given, given.service);
    const later = new StartLater();
    return {
      summary: `stop ${howManyContainers(picked, all)}, which must end within ${formatMs(given.graceful)}; ${words}`,
      targets: containerRefs(picked),
      undo: startRecords(context, picked, given),
      async inject(signal) {
        for (const container of picked) {
          signal.throwIfAborted();
          const outcome = await stopContainer(container.id, Math.ceil(given.graceful / 1000));
          if (outcome !== 'done') throw vanished(container);
        }
        later.begin(picked, given.startAfter);
      },
      prove: async (signal) => proveEnded(picked, 'ended after SIGTERM', 2000, signal),
      async proveUndone() {
        later.end();
        return proveRunning(picked, service);
      },
    };
  },
});
