import { z } from 'zod';
import { stopContainer } from '../targets/container.js';
import { formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { containerSelection, containerWayBack, graceful } from './shared/container-settings.js';
import { containerWayBackWords, prepareContainerEnd, proveEnded } from './shared/container-end.js';

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
  prepare: async (given, context) =>
    prepareContainerEnd(given, context, {
      summary: (which) =>
        `stop ${which}, which must end within ${formatMs(given.graceful)}; ${containerWayBackWords(given, given.service)}`,
      order: async (id) => stopContainer(id, Math.ceil(given.graceful / 1000)),
      prove: async (picked, signal) => proveEnded(picked, 'ended after SIGTERM', 2000, signal),
    }),
});
