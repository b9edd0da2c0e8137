import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { UndoRecord } from '../record/undo.js';
import type { ProcessRef } from '../targets/targets.js';
import { signalProcess, stateOf } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext } from './fault.js';
import { processSelection } from './shared/process-settings.js';
import { describe, howMany, processRefs, selectProcesses } from './shared/process-selection.js';

const settings = z.strictObject({ ...processSelection });
/** The kernel stops a process when it next leaves the kernel. */
const STATE_LIMIT_MS = 1000;

export default defineFault({
  type: 'process-pause',
  title: 'Paused process',
  family: 'process',
  description:
    'Processes of a service are stopped (SIGSTOP) and go on later (SIGCONT), as in a long pause of the garbage collector or on a starved host. ' +
    'The kernel still accepts connections for them, so callers see silence, not refusal: it shows whether somebody stops sending to a replica that hangs.',
  settings,
  duration: 'lasting',
  example: '- { type: process-pause, service: order, count: 1, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectProcesses(given, context);
    return {
      summary: `pause ${howMany(picked, all)}`,
      targets: processRefs(picked),
      undo: picked.map((process, position) => continueRecord(context, process, position)),
      async inject(signal) {
        for (const process of picked) {
          signal.throwIfAborted();
          if (signalProcess(process, 'SIGSTOP') === 'sent') continue;
          throw new PlimsollError({
            code: 'target_vanished',
            message: `${describe(process)} of ${given.service} ended before it could be paused`,
            hint: 'Is the service stable without faults? Its log may say.',
          });
        }
      },
      prove: async (signal) => proveStates(picked, (state) => state === 'T', 'stopped', signal),
      proveUndone: async () => proveStates(picked, (state) => state !== 'T', 'running'),
    };
  },
});

function continueRecord(context: FaultContext, process: ProcessRef, position: number): UndoRecord {
  const { pid, startTime, bootId } = process;
  return {
    kind: 'continue-process',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `continue ${describe(process)} of ${process.service}`,
    byHand: `kill -CONT ${pid}`,
    timeLimitMs: 2000,
    process: { pid, startTime, bootId },
  };
}

async function proveStates(
  picked: readonly ProcessRef[],
  fits: (state: string | undefined) => boolean,
  word: string,
  signal?: AbortSignal,
): Promise<Proof> {
  const untilUs = systemClock.nowUs() + STATE_LIMIT_MS * 1000;
  let states = picked.map(stateOf);
  while (!states.every(fits) && systemClock.nowUs() < untilUs) {
    await systemClock.sleep(5, signal);
    states = picked.map(stateOf);
  }
  const found = picked.map((process, position) => `${describe(process)}: ${states[position] ?? 'gone'}`).join(', ');
  return {
    status: states.every(fits) ? 'confirmed' : 'mismatch',
    method: 'state of the process in /proc (T = stopped)',
    finding: `${states.filter(fits).length} of ${picked.length} ${word} (${found})`,
    measured: { fitting: states.filter(fits).length, ordered: picked.length },
  };
}
