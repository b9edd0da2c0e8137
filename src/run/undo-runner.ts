import type { UndoRecord } from '../record/undo.js';
import type { UndoOutcome } from '../targets/targets.js';
import { undo, type UndoOptions } from '../targets/undo.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { formatMs } from '../support/units.js';

export interface UndoAllOptions extends UndoOptions {
  onDone(record: UndoRecord, outcome: UndoOutcome): void;
  onFailed(record: UndoRecord, error: unknown): void;
  /** How many targets are worked on at the same time. Default 8. */
  concurrency?: number;
}

export interface UndoAllResult {
  done: UndoRecord[];
  failed: { record: UndoRecord; message: string }[];
}

/**
 * Carries out undo records, the last injected first. Records of one target run one after another; different targets at
 * the same time, so that one that hangs holds up no other. Each record has its own time limit, all are tried, and no
 * abort of the run reaches in here. Never throws.
 */
export async function undoAll(records: readonly UndoRecord[], options: UndoAllOptions): Promise<UndoAllResult> {
  const result: UndoAllResult = { done: [], failed: [] };
  const queues = new Map<string, UndoRecord[]>();
  for (const record of [...records].reverse()) {
    const key = targetOf(record);
    const queue = queues.get(key);
    if (queue) queue.push(record);
    else queues.set(key, [record]);
  }
  const waiting = [...queues.values()];
  const worker = async (): Promise<void> => {
    for (let queue = waiting.shift(); queue; queue = waiting.shift()) {
      for (const record of queue) await undoOne(record, options, result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.concurrency ?? 8) }, worker));
  return result;
}

async function undoOne(record: UndoRecord, options: UndoAllOptions, result: UndoAllResult): Promise<void> {
  const timeLimit = new AbortController();
  const looksMs = options.orphaned && 'look' in record ? (record.look?.timeLimitMs ?? 0) : 0;
  const limitMs = record.timeLimitMs + looksMs;
  let timer: NodeJS.Timeout | undefined;
  try {
    const overdue = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new PlimsollError({
          code: 'undo_timeout',
          message: `${record.words}: not done within ${formatMs(limitMs)}`,
          hint: `By hand: ${record.byHand}`,
          kind: 'cleanup',
        });
        timeLimit.abort(error);
        reject(error);
      }, limitMs);
    });
    const outcome = await Promise.race([undo(record, timeLimit.signal, options), overdue]);
    result.done.push(record);
    report(() => options.onDone(record, outcome));
  } catch (error) {
    result.failed.push({ record, message: messageOf(error) });
    report(() => options.onFailed(record, error));
  } finally {
    clearTimeout(timer);
  }
}

/** A listener that throws (a full disk under a log) must not keep the other faults in place. */
function report(listener: () => void): void {
  try {
    listener();
  } catch {
    // The result still says what was done.
  }
}

/** What a record acts on: records with the same target keep their order. */
function targetOf(record: UndoRecord): string {
  switch (record.kind) {
    case 'remove-toxic':
    case 'enable-proxy':
    case 'remove-proxy':
      return `${record.api} ${record.proxy}`;
    case 'continue-process':
    case 'restore-fd-limit':
    case 'end-group':
    case 'end-helper':
      return `pid ${record.process.pid}`;
    case 'ensure-service':
      return `service ${record.service}`;
    case 'end-marked':
      return record.marker;
    case 'run-command':
      // What commands act on can't be told: they keep their order among themselves.
      return 'commands';
    case 'unpause-container':
    case 'start-container':
    case 'connect-container':
    case 'restore-container-limits':
    case 'run-in-container':
      return `container ${record.container}`;
  }
}
