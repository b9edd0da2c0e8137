import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { ProcessExit, ProcessRef } from '../targets/targets.js';
import { isAlive, signalProcess, waitUntilGone } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { positiveDurationMs } from '../support/unit-schemas.js';
import { formatMs } from '../support/units.js';
import { defineFault } from './fault.js';
import { processSelection, wayBack } from './shared/process-settings.js';
import { describe, howMany, processRefs, selectProcesses } from './shared/process-selection.js';
import { ReturnWatch, ensureServiceRecord, proveBack, wayBackOf } from './shared/way-back.js';

/** After this, SIGKILL must have worked. */
const KILL_LIMIT_MS = 2000;

const settings = z.strictObject({
  ...processSelection,
  graceful: positiveDurationMs
    .default(10_000)
    .describe('How long a process may take to end by itself; then it is killed, as an orchestrator would do'),
  ...wayBack,
});

export default defineFault({
  type: 'process-terminate',
  title: 'Terminated process',
  family: 'process',
  description:
    'Processes of a service are asked to end (SIGTERM), as in every deployment and scale-down, and killed if they do not in time. ' +
    'It shows whether they end by themselves, in time and with exit code 0, and whether the requests in flight are answered first.',
  settings,
  duration: 'instant',
  example: '- { type: process-terminate, service: order, count: 1, graceful: 10s, comesBack: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { targets } = context;
    const { picked, all } = await selectProcesses(given, context);
    const back = wayBackOf(given, picked, targets.service(given.service));
    const watch = new ReturnWatch(back, picked);
    let exits: Promise<Exit[]> | undefined;
    return {
      summary: `SIGTERM to ${howMany(picked, all)}, which must end within ${formatMs(given.graceful)}; ${back.words}`,
      targets: processRefs(picked),
      undo: [ensureServiceRecord(context, given.service, back)],
      async inject(signal) {
        signal.throwIfAborted();
        const vanished = picked.filter((process) => signalProcess(process, 'SIGTERM') === 'gone');
        const ends = picked.map((process) => targets.exitOf(process));
        exits = Promise.all(
          picked.map(async (process, k) => {
            const exit = await watchExit(process, given.graceful);
            return isAlive(process) ? exit : { ...exit, how: await ends[k] };
          }),
        );
        // Awaited in the proof; a failure before that must not count as nobody's.
        exits.catch(() => undefined);
        watch.begin();
        const [first] = vanished;
        if (first) {
          throw new PlimsollError({
            code: 'target_vanished',
            message: `${describe(first)} of ${given.service} ended by itself before it could be terminated`,
            hint: 'Is the service stable without faults? Its log may say.',
          });
        }
      },
      async prove(): Promise<Proof> {
        const found = (await exits) ?? [];
        const inTime = found.filter(({ killed }) => !killed).length;
        const slowestMs = Math.max(...found.map(({ afterMs }) => afterMs));
        const gone = !picked.some(isAlive);
        const codes = found.flatMap(({ how }) => (how ? [exitText(how)] : []));
        return {
          // That a process did not end in time is what the fault finds out, not a fault that did not work.
          status: gone ? 'confirmed' : 'mismatch',
          method: 'pid and start time in /proc',
          finding: gone
            ? `${inTime} of ${picked.length} ended by themselves within ${formatMs(given.graceful)}` +
              (inTime < picked.length ? '; the rest was killed' : `, the slowest after ${formatMs(slowestMs)}`) +
              exitsText(found)
            : `${picked.filter(isAlive).map(describe).join(', ')} outlived even SIGKILL`,
          measured: {
            graceful:
              gone && inTime === picked.length && found.every(({ how }) => how === undefined || how.exitCode === 0),
            endedInTime: inTime,
            ...(codes.length > 0 ? { exitCodes: codes.join(', ') } : {}),
            ordered: picked.length,
            exitAfterMs: Math.round(slowestMs),
          },
          exits: found.map(({ afterMs, killed, how }) => ({
            afterMs: Math.round(afterMs),
            killed,
            exitCode: how?.exitCode ?? null,
            signal: how?.signal ?? null,
          })),
        };
      },
      proveUndone: async () => proveBack(targets, given.service, picked, all.length, back, watch),
    };
  },
});

interface Exit {
  afterMs: number;
  /** It had to be killed. */
  killed: boolean;
  /** Known of processes that Plimsoll has started. */
  how?: ProcessExit | undefined;
}

/** An exit code is the process's own word on whether it ended well; only its parent is told. */
function exitsText(found: readonly Exit[]): string {
  const known = found.flatMap(({ how, killed }) => (how && !killed ? [how] : []));
  if (known.length === 0) return '';
  const bad = known.filter(({ exitCode }) => exitCode !== 0);
  return bad.length === 0 ? '; exit code 0' : `; not well: ${bad.map(exitText).join(', ')}`;
}

function exitText({ exitCode, signal }: ProcessExit): string {
  return signal === null ? `exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`;
}

/** Not stopped by an abort: a process that was asked to end must not be left half-way. */
async function watchExit(process: ProcessRef, gracefulMs: number): Promise<Exit> {
  const beganUs = systemClock.nowUs();
  const afterMs = () => (systemClock.nowUs() - beganUs) / 1000;
  if (await waitUntilGone(process, gracefulMs)) return { afterMs: afterMs(), killed: false };
  signalProcess(process, 'SIGKILL');
  await waitUntilGone(process, KILL_LIMIT_MS);
  return { afterMs: afterMs(), killed: true };
}
