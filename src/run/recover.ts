import { isOwnPart, isOwnProcess, type UndoRecord } from '../record/undo.js';
import { removeByPrefix } from '../targets/toxiproxy.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { Journal, readJournal } from './journal.js';
import { sweepLateOrders } from './late-orders.js';
import { listActive, unregister, type ActiveRun } from './register.js';
import { undoAll } from './undo-runner.js';

export interface RecoverOptions {
  /** Only show which runs are active or abandoned. */
  list?: boolean;
  /** Only show what would be undone. */
  dryRun?: boolean;
  /** Only this run. */
  runId?: string;
  /** A Toxiproxy API: remove from it whatever bears the run's id, even if the run's files are lost. Needs `runId`. */
  toxiproxy?: string;
  log: (line: string) => void;
}

export interface RecoverResult {
  runs: ActiveRun[];
  /** In words; with `dryRun` what would be undone. */
  undone: string[];
  failed: { what: string; message: string; byHand: string }[];
}

/**
 * Undoes what dead runs left behind: those in the register whose conductor and watchdog are both gone. Live runs are left
 * alone.
 *
 * @throws PlimsollError `run_is_live`, `no_such_run`, `run_id_needed`
 */
export async function recover(options: RecoverOptions): Promise<RecoverResult> {
  const { runId, log } = options;
  if (options.toxiproxy !== undefined && runId === undefined) {
    throw new PlimsollError({
      code: 'run_id_needed',
      message: '--toxiproxy needs --run: without it, toxics of other people could not be told apart',
      hint: 'The names of the toxics hold the run: plimsoll-<run>-<fault>.',
      kind: 'usage',
    });
  }
  const runs = listActive().filter(({ entry }) => runId === undefined || entry.runId === runId);
  const result: RecoverResult = { runs, undone: [], failed: [] };
  if (options.list) {
    for (const run of runs) log(describeRun(run));
    if (runs.length === 0) log('no run is active or abandoned');
    return result;
  }
  refuseImpossible(options, runs);

  for (const { entry } of runs.filter(({ state }) => state === 'abandoned')) {
    log(`${options.dryRun ? 'would recover' : 'recovering'} run ${entry.runId} (${entry.directory})`);
    await recoverRun(entry.runId, entry.journalPath, options, result);
  }
  if (options.toxiproxy !== undefined && runId !== undefined) await sweep(options.toxiproxy, runId, options, result);
  if (result.undone.length === 0 && result.failed.length === 0) log('nothing was left behind');
  return result;
}

function refuseImpossible({ runId, toxiproxy }: RecoverOptions, runs: readonly ActiveRun[]): void {
  if (runId === undefined) return;
  if (runs[0]?.state === 'live') {
    throw new PlimsollError({
      code: 'run_is_live',
      message: `run ${runId} is still at work (pid ${runs[0].entry.conductor.pid}, watchdog ${runs[0].entry.watchdog.pid})`,
      hint: `Stop it with Ctrl-C or \`kill ${runs[0].entry.conductor.pid}\`: it undoes its faults itself.`,
      kind: 'usage',
    });
  }
  if (runs.length > 0 || toxiproxy !== undefined) return;
  throw new PlimsollError({
    code: 'no_such_run',
    message: `no run "${runId}" is in the register`,
    hint: '`plimsoll recover --list` shows all; if its files are lost, add `--toxiproxy URL`.',
    kind: 'usage',
  });
}

async function recoverRun(
  runId: string,
  journalPath: string,
  options: RecoverOptions,
  result: RecoverResult,
): Promise<void> {
  const { log } = options;
  let pending: UndoRecord[];
  try {
    const state = readJournal(journalPath);
    if (state.torn) log(`  the journal was cut or damaged; a fault whose line was cut never became active`);
    pending = state.pending;
  } catch (error) {
    const byHand = `plimsoll recover --run ${runId} --toxiproxy <URL of the Toxiproxy server>`;
    result.failed.push({ what: `read the journal of run ${runId}`, message: messageOf(error), byHand });
    log(`  failed: the journal cannot be read (${messageOf(error)}); by hand: ${byHand}`);
    return;
  }
  if (options.dryRun) {
    for (const record of [...pending].reverse()) {
      result.undone.push(record.words);
      log(`  would ${record.words}`);
    }
    return;
  }
  const journal = Journal.open(journalPath, 'recover');
  let failures = 0;
  // The faults first: the run's own parts, such as its proxy, may be needed for them.
  for (const ownParts of [false, true]) {
    const records = pending.filter((record) => isOwnPart(record) === ownParts);
    const { failed } = await undoAll(records, {
      orphaned: true,
      onDone: (record, { alreadyDone, finding }) => {
        journal.undone(record.id, finding);
        result.undone.push(record.words);
        log(`  ${alreadyDone ? 'was done already' : 'done'}: ${record.words}`);
      },
      onFailed: (record, error) => {
        journal.failed(record.id, messageOf(error));
        result.failed.push({ what: record.words, message: messageOf(error), byHand: record.byHand });
        log(`  failed: ${record.words}: ${messageOf(error)}; by hand: ${record.byHand}`);
      },
    });
    failures += failed.length;
  }
  journal.close();
  const late = await sweepLateOrders(
    pending.filter((record) => !isOwnProcess(record) && !result.failed.some(({ what }) => what === record.words)),
    (text) => log(`  ${text}`),
  );
  for (const { record, message } of late) result.failed.push({ what: record.words, message, byHand: record.byHand });
  if (failures + late.length === 0) unregister(runId);
}

async function sweep(toxiproxy: string, runId: string, options: RecoverOptions, result: RecoverResult): Promise<void> {
  // The hyphen keeps run "a1" from taking the toxics of run "a12".
  const found = await removeByPrefix(toxiproxy, `plimsoll-${runId}-`, { dryRun: options.dryRun ?? false });
  for (const { kind, name, proxy } of found) {
    const words = kind === 'toxic' ? `remove toxic ${name} from proxy ${proxy}` : `delete proxy ${name}`;
    result.undone.push(words);
    options.log(`  ${options.dryRun ? 'would' : 'done:'} ${words}`);
  }
}

function describeRun({ entry, state }: ActiveRun): string {
  const who = `conductor pid ${entry.conductor.pid}, watchdog pid ${entry.watchdog.pid}`;
  return `${entry.runId}: ${state} (${who}), ${entry.directory}`;
}
