import { z } from 'zod';
import { killContainer } from '../targets/container.js';
import { defineFault } from './fault.js';
import { SIGNALS } from './shared/process-settings.js';
import { containerSelection, containerWayBack } from './shared/container-settings.js';
import { containerWayBackWords, prepareContainerEnd, proveEnded } from './shared/container-end.js';

/** How long a signal that can be caught may take to end it before the proof says that it did not. */
const END_LIMIT_MS = 10_000;

const settings = z.strictObject({
  ...containerSelection,
  signal: z
    .enum(SIGNALS)
    .default('SIGKILL')
    .describe('The signal that its first process gets; SIGKILL cannot be caught'),
  ...containerWayBack,
});

export default defineFault({
  type: 'container-kill',
  title: 'Killed container',
  family: 'container',
  description:
    'Containers of a service end from one moment to the next, as after a crash, an out-of-memory kill or a lost node. ' +
    'It shows whether requests in flight are retried, whether the remaining replicas carry the load, and how long it takes until the lost one is back.',
  settings,
  duration: 'instant',
  example: '- { type: container-kill, service: order, count: 1, startAfter: 3s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  prepare: async (given, context) =>
    prepareContainerEnd(given, context, {
      summary: (which) => `${given.signal} to ${which}; ${containerWayBackWords(given, given.service)}`,
      order: async (id) => killContainer(id, given.signal),
      prove: async (picked, signal) => proveEnded(picked, `ended by ${given.signal}`, END_LIMIT_MS, signal),
    }),
});
