/**
 * The watchdog of a run, a process of its own: `watchdog-process.js <run id> <journal> [engine] [programs]`. Its standard
 * input is a pipe from the conductor. `done` means that all is undone. End of file without it means that the conductor died: then everything
 * that the journal owes is undone, faults first, then what the run had started. Until then it enforces the deadlines of
 * the journal, so that a conductor that hangs leaves no fault in place either.
 *
 * It loads little and everything at its start, and trusts nothing but the journal.
 */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { isOwnPart, isOwnProcess, type UndoRecord } from '../record/undo.js';
import { loadEngineLibrary } from '../targets/engine.js';
import { hasProc } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { messageOf } from '../support/errors.js';
import { Journal, readJournal, type JournalState } from './journal.js';
import { sweepLateOrders } from './late-orders.js';
import { unregister } from './register.js';
import { undoAll } from './undo-runner.js';

const POLL_MS = 250;
/** Pauses between rounds for what could not be undone. The last round's failures stay in the register for `recover`. */
const RETRY_AFTER_MS = [200, 1000, 3000, 10_000];

const [runId = '', givenPath = '', ...libraries] = process.argv.slice(2);
/** Held open from the start: whoever deletes the run directory of a run does not delete its undo. */
const journalPath = hasProc() ? `/proc/self/fd/${openSync(givenPath, 'r')}` : givenPath;

// Only the pipe and the journal decide. A Ctrl-C does not reach this session; a shutdown of the machine ends the
// conductor too, and then there is something to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => say(`${signal} ignored`));

const deadlines = setInterval(() => void enforceDeadlines(), POLL_MS);
let enforcing = false;
let over = false;
let lastSize = -1;
let lastState: JournalState | undefined;

let received = '';
process.stdin.setEncoding('latin1');
process.stdin.on('data', (text: string) => (received += text));
process.stdin.on('error', () => undefined);
process.stdin.once('end', onPipeClosed);
process.stdin.once('close', onPipeClosed);

function onPipeClosed(): void {
  if (over) return;
  over = true;
  clearInterval(deadlines);
  if (received.startsWith('done')) process.exit(0);
  void takeOver(received.startsWith('take-over') ? 'the conductor handed over' : 'the conductor is gone');
}

// `fetch` loads its HTTP client at its first use: do that now, not in the second that counts.
await fetch('data:,').then(async (response) => response.text());
writeSync(3, 'ready\n');
closeSync(3);
// The run's own start is not kept waiting for these.
preload().catch((error: unknown) => say(messageOf(error)));

/** On a busy machine these take a second or two, which must not lie between a death and the undo. */
async function preload(): Promise<void> {
  if (libraries.includes('programs')) await import('execa');
  if (libraries.includes('engine')) await loadEngineLibrary();
}

async function takeOver(why: string): Promise<void> {
  say(`${why}: undoing what the journal owes`);
  const owed = faultsOwed();
  let failed = await round();
  await sweepLateOrders(owed, say);
  for (const pauseMs of RETRY_AFTER_MS) {
    if (failed === 0) break;
    await systemClock.sleep(pauseMs);
    failed = await round();
  }
  if (failed === 0) unregister(runId);
  say(failed === 0 ? 'all undone' : `${failed} left: run plimsoll recover`);
  process.exit(failed === 0 ? 0 : 4);
}

function faultsOwed(): UndoRecord[] {
  try {
    return readJournal(journalPath).pending.filter((record) => !isOwnProcess(record));
  } catch (error) {
    say(messageOf(error));
    return [];
  }
}

/** Undoes all that is pending: the faults first, then the processes of the run, since the faults may need its proxy. */
async function round(): Promise<number> {
  const journal = openJournal();
  if (!journal) return 1;
  const pending = journal.pending();
  const faults = pending.filter((record) => !isOwnPart(record));
  const ownParts = pending.filter(isOwnPart);
  const failed = [...(await undoThese(faults, journal)), ...(await undoThese(ownParts, journal))];
  journal.close();
  return failed.length;
}

async function undoThese(records: UndoRecord[], journal: Journal): Promise<unknown[]> {
  const { failed } = await undoAll(records, {
    orphaned: true,
    concurrency: 32,
    onDone: (record, { alreadyDone, finding }) => {
      journal.undone(record.id, finding);
      say(`${alreadyDone ? 'was done' : 'done'}: ${record.words}${finding === undefined ? '' : ` (${finding})`}`);
    },
    onFailed: (record, error) => {
      journal.failed(record.id, messageOf(error));
      say(`failed: ${record.words}: ${messageOf(error)}; by hand: ${record.byHand}`);
    },
  });
  return failed;
}

/** A conductor that is stopped, stuck or lost in a debugger does not undo in time: this does. */
async function enforceDeadlines(): Promise<void> {
  if (enforcing || over) return;
  enforcing = true;
  try {
    const { size } = statSync(journalPath);
    if (size !== lastSize) {
      lastState = readJournal(journalPath);
      lastSize = size;
    }
    const now = systemClock.nowUs();
    const { pending = [], deadlinesUs } = lastState ?? {};
    const due = pending.filter((record) => (deadlinesUs?.get(record.id) ?? Infinity) <= now);
    if (due.length === 0) return;
    say(`${due.length} undo records are beyond their deadline`);
    const journal = Journal.open(journalPath, 'watchdog');
    await undoAll(due, {
      onDone: (record) => {
        journal.undone(record.id);
        say(`done: ${record.words}`);
      },
      onFailed: (record, error) => say(`failed: ${record.words}: ${messageOf(error)}`),
    });
    journal.close();
  } catch (error) {
    say(messageOf(error));
  } finally {
    enforcing = false;
  }
}

function openJournal(): Journal | undefined {
  try {
    return Journal.open(journalPath, 'watchdog');
  } catch (error) {
    say(messageOf(error));
    return undefined;
  }
}

/** Into the run directory's `watchdog.log`; never fails. */
function say(text: string): void {
  try {
    writeSync(1, `${new Date().toISOString()} ${text}\n`);
  } catch {
    // A full disk must not stop the undo.
  }
}
