import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { isAlive, signalProcess, waitUntilGone } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault } from './fault.js';
import { SIGNALS, processSelection, wayBack } from './shared/process-settings.js';
import { describe, howMany, processRefs, selectProcesses } from './shared/process-selection.js';
import { ReturnWatch, ensureServiceRecord, proveBack, wayBackOf } from './shared/way-back.js';

/** How long a signal that can be caught may take to end the process before the proof says that it did not. */
const END_LIMIT_MS = 5000;

const settings = z.strictObject({
  ...processSelection,
  signal: z.enum(SIGNALS).default('SIGKILL').describe('The signal that is sent; SIGKILL cannot be caught'),
  ...wayBack,
});

export default defineFault({
  type: 'process-kill',
  title: 'Killed process',
  family: 'process',
  description:
    'Processes of a service end from one moment to the next, as after a crash, an out-of-memory kill or a lost node. ' +
    'It shows whether requests in flight are retried, whether the remaining replicas carry the load, and how long it takes until the lost one is back.',
  settings,
  duration: 'instant',
  example: '- { type: process-kill, service: order, count: 1, signal: SIGKILL, comesBack: 5s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { targets } = context;
    const service = targets.service(given.service);
    const { picked, all } = await selectProcesses(given, context);
    const back = wayBackOf(given, picked, service);
    const watch = new ReturnWatch(back, picked);
    let killedUs = 0;
    return {
      summary: `${given.signal} to ${howMany(picked, all)}; ${back.words}`,
      targets: processRefs(picked),
      undo: [ensureServiceRecord(context, given.service, back)],
      async inject(signal) {
        signal.throwIfAborted();
        killedUs = systemClock.nowUs();
        for (const process of picked) {
          if (signalProcess(process, given.signal) === 'sent') continue;
          throw new PlimsollError({
            code: 'target_vanished',
            message: `${describe(process)} of ${given.service} ended by itself before it could be killed`,
            hint: 'Is the service stable without faults? Its log may say.',
          });
        }
        watch.begin();
      },
      async prove(signal): Promise<Proof> {
        const gone = await Promise.all(picked.map(async (process) => waitUntilGone(process, END_LIMIT_MS, signal)));
        const left = picked.filter((_, position) => !gone[position]);
        const goneAfterMs = (systemClock.nowUs() - killedUs) / 1000;
        const method = 'pid and start time in /proc';
        if (left.length > 0 || picked.some(isAlive)) {
          return {
            status: 'mismatch',
            method,
            finding: `${left.map(describe).join(', ')} of ${given.service} still lives ${END_LIMIT_MS / 1000} s after ${given.signal}`,
            measured: { gone: picked.length - left.length, ordered: picked.length },
          };
        }
        return {
          status: 'confirmed',
          method,
          finding: `${picked.map(describe).join(', ')} of ${given.service} ended ${Math.round(goneAfterMs)} ms after ${given.signal} at the latest`,
          measured: { gone: picked.length, ordered: picked.length, goneAfterMs: Math.round(goneAfterMs) },
        };
      },
      proveUndone: async () => proveBack(targets, given.service, picked, all.length, back, watch),
    };
  },
});
