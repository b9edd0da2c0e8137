import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { UndoRecord } from '../record/undo.js';
import type { ProcessRef } from '../targets/targets.js';
import {
  PRLIMIT,
  fdLimitOf,
  limitFor,
  openFilesOf,
  requirePrlimit,
  roomUnder,
  setSoftFdLimit,
  stillLimited,
  type FdLimit,
} from '../targets/fd-limit.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext } from './fault.js';
import { processSelection } from './shared/process-settings.js';
import { describe, howMany, processRefs, selectProcesses } from './shared/process-selection.js';

type RestoreFdLimit = Extract<UndoRecord, { kind: 'restore-fd-limit' }>;

const settings = z.strictObject({
  ...processSelection,
  limit: z
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('How many files each process may have open (RLIMIT_NOFILE); what is open already stays open'),
  headroom: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Instead of `limit`: so many more files than each process has open right before the injection'),
});

export default defineFault({
  type: 'process-fd-limit',
  title: 'Limited open files',
  family: 'process',
  description:
    'Processes of a service may open only so many files, sockets included (RLIMIT_NOFILE, the soft limit, set by `prlimit`), as with a limit that is too low for the load or a leak of descriptors. ' +
    'What is open stays open; what comes next fails with EMFILE: new connections are not accepted and not dialled, files are not read. ' +
    'It shows whether a service that runs out of descriptors goes on with what it has, says so, and recovers when there is room again. ' +
    'The undo also raises the limit of child processes that inherited it; a child that has left its parent (a daemon) is not found.',
  settings,
  duration: 'lasting',
  needsProgram: PRLIMIT,
  example: '- { type: process-fd-limit, service: order, count: 1, headroom: 0, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { limit, headroom } = given;
    if ((limit === undefined) === (headroom === undefined)) {
      throw new PlimsollError({
        code: 'limit_or_headroom',
        message: `process-fd-limit on ${given.service} needs \`limit\` or \`headroom\`, and not both`,
        hint: 'Write `limit: 64` for a number of files, or `headroom: 4` for so many more than are open.',
        kind: 'usage',
      });
    }
    requirePrlimit();
    const { picked, all } = await selectProcesses(given, context);
    const orders = picked.map((process, position) =>
      restoreRecord(context, process, position, (open) => limit ?? limitFor(open, headroom ?? 0)),
    );
    return {
      summary: `at most ${orders.map(({ lowered }) => lowered).join(', ')} open files for ${howMany(picked, all)}`,
      targets: processRefs(picked),
      undo: orders,
      async inject(signal) {
        for (const [position, { process, lowered }] of orders.entries()) {
          signal.throwIfAborted();
          if ((await setSoftFdLimit(process, lowered, signal)) === 'set') continue;
          throw vanished(picked[position], given.service);
        }
      },
      prove: async () => proveLimits(orders, picked),
      proveUndone: async () => proveRestored(orders, picked),
    };
  },
});

/** @throws PlimsollError `target_vanished`, or `already_limited` where the fault would not take anything away. */
function restoreRecord(
  context: FaultContext,
  process: ProcessRef,
  position: number,
  wanted: (open: ReadonlySet<number>) => number,
): RestoreFdLimit {
  const { pid, startTime, bootId, service } = process;
  const now: FdLimit | undefined = fdLimitOf(process);
  const open = openFilesOf(process);
  if (!now || open === undefined) throw vanished(process, service);
  const lowered = wanted(open);
  if (lowered >= now.soft) {
    throw new PlimsollError({
      code: 'already_limited',
      message: `${describe(process)} of ${service} may have only ${now.soft} files open as it is (${open.size} are open); ${lowered} would take nothing away`,
      hint: 'Choose a lower `limit` or `headroom`.',
      kind: 'usage',
    });
  }
  return {
    kind: 'restore-fd-limit',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `let ${describe(process)} of ${service} have ${now.soft} files open again`,
    byHand: `prlimit --pid ${pid} --nofile=${now.soft}:`,
    timeLimitMs: 5000,
    process: { pid, startTime, bootId },
    soft: now.soft,
    hard: now.hard,
    lowered,
  };
}

const METHOD = 'limits and open files of the process in /proc';

function proveLimits(orders: readonly RestoreFdLimit[], picked: readonly ProcessRef[]): Proof {
  const found = orders.map(({ process }) => ({ soft: fdLimitOf(process)?.soft, open: openFilesOf(process) }));
  const limited = orders.filter((order, position) => found[position]?.soft === order.lowered).length;
  return {
    status: limited === orders.length ? 'confirmed' : 'mismatch',
    method: METHOD,
    finding: `${limited} of ${orders.length} limited (${words(orders, picked)})`,
    measured: {
      limited,
      ordered: orders.length,
      room: Math.max(...found.map(({ soft, open }) => (open ? roomUnder(open, soft ?? 0) : 0))),
    },
  };
}

function proveRestored(orders: readonly RestoreFdLimit[], picked: readonly ProcessRef[]): Proof {
  const left = orders.flatMap((order) => stillLimited(order));
  return {
    status: left.length === 0 ? 'confirmed' : 'mismatch',
    method: METHOD,
    finding:
      left.length === 0
        ? `${orders.length} of ${orders.length} as before (${words(orders, picked)})`
        : `still limited: ${left.map(({ pid }) => `pid ${pid}`).join(', ')} (${words(orders, picked)})`,
    measured: { stillLimited: left.length, ordered: orders.length },
  };
}

function words(orders: readonly RestoreFdLimit[], picked: readonly ProcessRef[]): string {
  return orders
    .map(({ process }, position) => {
      const name = picked[position] ? describe(picked[position]) : `pid ${process.pid}`;
      const limit = fdLimitOf(process);
      const open = openFilesOf(process);
      return limit && open
        ? `${name}: ${open.size} open, limit ${limit.soft}, room for ${roomUnder(open, limit.soft)}`
        : `${name}: gone`;
    })
    .join(', ');
}

function vanished(process: ProcessRef | undefined, service: string): PlimsollError {
  return new PlimsollError({
    code: 'target_vanished',
    message: `${process ? describe(process) : 'a process'} of ${service} ended before its open files could be limited`,
    hint: 'Is the service stable without faults? Its log may say.',
  });
}
