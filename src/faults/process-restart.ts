import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { ProcessRef } from '../targets/targets.js';
import { isAlive, signalProcess, waitUntilGone } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { positiveDurationMs } from '../support/unit-schemas.js';
import { formatMs } from '../support/units.js';
import { runCommand } from '../targets/undo.js';
import { defineFault } from './fault.js';
import { processSelection, wayBack } from './shared/process-settings.js';
import { describe, howMany, processRefs, selectProcesses } from './shared/process-selection.js';
import { ReturnWatch, ensureServiceRecord, proveBack, wayBackOf, type WayBack } from './shared/way-back.js';

const settings = z.strictObject({
  ...processSelection,
  graceful: positiveDurationMs
    .default(10_000)
    .describe('How long a process may take to end after SIGTERM; then it is killed'),
  ...wayBack,
});

export default defineFault({
  type: 'process-restart',
  title: 'Restarted process',
  family: 'process',
  description:
    'Processes of a service end in an orderly way and are started again, one after another, as in a rolling deployment. ' +
    'It shows what a release costs: cold caches, reconnecting clients, requests that fell between the old process and the new one.',
  settings,
  duration: 'instant',
  example: '- { type: process-restart, service: order, count: 1, comesBack: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { targets } = context;
    const { picked, all } = await selectProcesses(given, context);
    const service = targets.service(given.service);
    // What Plimsoll runs it can also start again, even where it would not bring back what died.
    const back = wayBackOf(given, picked, service.how === 'run' ? { ...service, restart: 'always' } : service);
    const watch = new ReturnWatch(back, picked);
    let beganUs = 0;
    return {
      summary: `restart ${howMany(picked, all)}; ${back.words}`,
      targets: processRefs(picked),
      undo: [ensureServiceRecord(context, given.service, back)],
      async inject(signal) {
        beganUs = systemClock.nowUs();
        watch.begin();
        for (const process of picked) {
          signal.throwIfAborted();
          if (back.by === 'supervised') await targets.restart(given.service, process.replica, signal);
          else await restartOther(process, given.graceful, back, targets, signal);
        }
      },
      async prove(): Promise<Proof> {
        const same = picked.filter(isAlive);
        const live = same.length > 0 ? [] : await targets.processes(given.service).catch((): ProcessRef[] => []);
        const tookMs = (systemClock.nowUs() - beganUs) / 1000;
        const restarted = same.length === 0 && live.length >= all.length;
        return {
          status: restarted ? 'confirmed' : 'mismatch',
          method: 'pid and start time in /proc, and ports',
          finding: restarted
            ? `${picked.map(describe).join(', ')} of ${given.service} made way for new processes within ${formatMs(tookMs)}`
            : same.length > 0
              ? `${same.map(describe).join(', ')} of ${given.service} still lives`
              : `only ${live.length} of ${all.length} processes of ${given.service} are alive`,
          measured: { restarted: picked.length - same.length, ordered: picked.length, tookMs: Math.round(tookMs) },
        };
      },
      proveUndone: async () => proveBack(targets, given.service, picked, all.length, back, watch),
    };
  },
});

/** Ends a process that is not ours; its own supervisor or the scenario's command starts it again. */
async function restartOther(
  process: ProcessRef,
  gracefulMs: number,
  back: WayBack,
  targets: { waitForAddresses(addresses: string[], timeLimitMs: number): Promise<boolean> },
  signal: AbortSignal,
): Promise<void> {
  signalProcess(process, 'SIGTERM');
  if (!(await waitUntilGone(process, gracefulMs, signal))) {
    signalProcess(process, 'SIGKILL');
    await waitUntilGone(process, 2000, signal);
  }
  if (back.command !== undefined) await runCommand(back.command, process.service, signal);
  await targets.waitForAddresses(process.address === undefined ? back.addresses : [process.address], back.limitMs);
}
