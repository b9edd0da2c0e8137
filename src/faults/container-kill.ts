import { z } from 'zod';
import { killContainer } from '../targets/container.js';
import { defineFault } from './fault.js';
import { SIGNALS } from './shared/process-settings.js';
import { containerSelection, containerWayBack } from './shared/container-settings.js';
import {
  containerRefs,
  howManyContainers,
  refuseAutoRemove,
  selectContainers,
  vanished,
} from './shared/container-selection.js';
import { StartLater, containerWayBackWords, proveEnded, proveRunning, startRecords } from './shared/container-end.js';

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
  async prepare(given, context) {
    const service = context.targets.service(given.service);
    const { picked, all } = await selectContainers(given, context);
    refuseAutoRemove(picked);
    const words = containerWayBackWords(given, given.service);
    const later = new StartLater();
    return {
      summary: `${given.signal} to ${howManyContainers(picked, all)}; ${words}`,
      targets: containerRefs(picked),
      undo: startRecords(context, picked, given),
      async inject(signal) {
        for (const container of picked) {
          signal.throwIfAborted();
          if ((await killContainer(container.id, given.signal)) === 'gone') throw vanished(container);
        }
        later.begin(picked, given.startAfter);
      },
      prove: async (signal) => proveEnded(picked, `ended by ${given.signal}`, END_LIMIT_MS, signal),
      async proveUndone() {
        later.end();
        return proveRunning(picked, service);
      },
    };
  },
});
