import type { EventOf, RunEvent } from '../record/events.js';
import type { JournalEntry } from '../record/journal-reader.js';
import type { UndoRecord } from '../record/undo.js';
import type { JudgeInput } from '../verdict/input.js';
import type { FaultResult, RunResult } from './schema.js';
import { find } from './run-story.js';
import { microseconds } from './windows.js';

type Planned = EventOf<'plan.resolved'>['faults'][number];
type Undo = FaultResult['undo'][number];

/** A fault as the result shows it, with what the result does not keep. */
export interface FoldedFault {
  result: FaultResult;
  proofOptional: boolean;
}

/**
 * What became of each planned fault. `journal`: the undo records of a run whose conductor died, and which of them the
 * watchdog or `plimsoll recover` has carried out since.
 */
export function faultsOf(events: readonly RunEvent[], journal: readonly JournalEntry[]): FoldedFault[] {
  const planned = new Map<string, Planned>();
  for (const event of events) {
    if (event.type === 'plan.resolved') for (const fault of event.faults) planned.set(fault.id, fault);
    // The plan's line may be damaged: what was done is told all the same.
    else if (event.type === 'fault.requested' && !planned.has(event.fault)) planned.set(event.fault, unplanned(event));
  }
  // One that waited for a person who never ordered it was an offer, not a plan.
  const ordered = new Set(events.flatMap((event) => (event.type === 'fault.requested' ? [event.fault] : [])));
  const acting = [...planned.values()].filter(({ id, byHand }) => byHand !== true || ordered.has(id));
  return acting.map((plan) => ({
    result: faultOf(plan, events, journal),
    proofOptional: plan.proofOptional,
  }));
}

/** Is everything put back, and proven so? A fault that was ordered may be active until its undo is proven. */
export function cleanupOf(faults: readonly FoldedFault[]): RunResult['cleanup'] {
  const ordered = faults.filter(({ result }) => result.requestedS !== null);
  const open = ordered.filter((fault) => !isUndoProven(fault));
  if (ordered.length === 0) return { proven: true, sentence: 'Nothing was broken.', byHand: [] };
  if (open.length === 0) {
    const last = Math.max(...ordered.map(({ result }) => result.undoProvenS ?? 0));
    const what = ordered.length === 1 ? 'The fault was undone' : `All ${ordered.length} faults were undone`;
    return { proven: true, sentence: `${what} and proven gone by ${last.toFixed(1)} s.`, byHand: [] };
  }
  const reasons = open.map(({ result }) => `${result.type} (${result.id}): ${whyOpen(result)}`);
  return {
    proven: false,
    sentence: `${open.length === 1 ? 'A fault' : `${open.length} faults`} may still be active. ${reasons.join('; ')}.`,
    byHand: [
      ...new Set(
        open.flatMap(({ result }) => {
          const owed = result.undo.filter(({ state }) => state !== 'done' && state !== 'already_done');
          return (owed.length > 0 ? owed : result.undo).map(({ byHand }) => byHand).filter((text) => text !== '');
        }),
      ),
    ],
  };
}

/** The faults as judging needs them. */
export function judgedFaults(faults: readonly FoldedFault[], events: readonly RunEvent[]): JudgeInput['faults'] {
  const concerned = events.flatMap((event) =>
    event.type === 'warning' && event.code === 'link_traffic_unverified' ? [event.message] : [],
  );
  return faults.flatMap(({ result, proofOptional }) => {
    const common = {
      id: result.id,
      duration: result.duration,
      proof: result.proof?.status ?? ('missing' as const),
      proofOptional,
      concerns: concerned.some((message) => isAbout(message, result.id, faults))
        ? ['link_traffic_unverified' as const]
        : [],
    };
    const orders = ordersOf(events, result.id);
    if (orders.length > 1) return orders.map((times) => ({ ...common, ...times }));
    return [
      {
        ...common,
        requestedUs: inMicroseconds(result.requestedS),
        provenUs: inMicroseconds(result.provenS),
        undoProvenUs: result.undoProof?.status === 'mismatch' ? undefined : inMicroseconds(result.undoProvenS),
      },
    ];
  });
}

type Times = Pick<JudgeInput['faults'][number], 'requestedUs' | 'provenUs' | 'undoProvenUs'>;

/** When a fault was ordered, proven and proven gone, once for each trial. */
function ordersOf(events: readonly RunEvent[], id: string): Times[] {
  const orders: Times[] = [];
  for (const event of events) {
    if (!('fault' in event) || event.fault !== id) continue;
    const last = orders.at(-1);
    if (event.type === 'fault.requested') {
      orders.push({ requestedUs: microseconds(event), provenUs: undefined, undoProvenUs: undefined });
    } else if (event.type === 'fault.proven' && last) last.provenUs ??= microseconds(event);
    else if (event.type === 'undo.proven' && last && event.proof.status !== 'mismatch') {
      last.undoProvenUs = microseconds(event);
    }
  }
  return orders;
}

function faultOf(plan: Planned, events: readonly RunEvent[], journal: readonly JournalEntry[]): FaultResult {
  const fault: FaultResult = {
    id: plan.id,
    type: plan.type,
    title: plan.title,
    summary: plan.summary,
    duration: plan.duration,
    settings: plan.settings,
    targets: plan.targets,
    requestedS: null,
    injectedS: null,
    provenS: null,
    undoRequestedS: null,
    undoDoneS: null,
    undoProvenS: null,
    proof: null,
    undoProof: null,
    undo: plan.undo.map((words, k) => ({ id: `${plan.id}/${k + 1}`, words, byHand: '', state: 'pending' })),
  };
  for (const event of events) if ('fault' in event && event.fault === plan.id) apply(fault, event);
  const entries = journal.filter(({ record }) => record.fault === plan.id);
  addJournal(fault, entries);
  addActs(fault, events);
  proveByJournal(fault, entries, find(events, 'run.started')?.t0Us ?? 0);
  return fault;
}

/** After the death of the harness the proof is what the watchdog, or `plimsoll recover`, saw when it looked afterwards. */
function proveByJournal(fault: FaultResult, entries: readonly JournalEntry[], t0Us: number): void {
  if (fault.requestedS === null || fault.undoProof !== null || entries.length === 0) return;
  const seen = entries.flatMap((entry) => (entry.seen ? [{ ...entry.seen, by: entry.undoneBy ?? 'unknown' }] : []));
  if (seen.length < entries.length) return;
  fault.undoProvenS = Math.max(...seen.map(({ atUs }) => atUs - t0Us)) / 1e6;
  fault.undoProof = {
    status: 'confirmed',
    method: `a look after the undo, by the ${seen[0]?.by === 'recover' ? 'recovery' : seen[0]?.by}`,
    finding: seen.map(({ finding }) => finding).join('; '),
    measured: {},
  };
}

/** Ordered more than once, in each trial or by hand: each time from its order to the proof that it was gone. */
function addActs(fault: FaultResult, events: readonly RunEvent[]): void {
  const orders = ordersOf(events, fault.id);
  if (orders.length < 2) return;
  const inSeconds = (us: number | undefined): number | null => (us === undefined ? null : us / 1e6);
  fault.acts = orders.map(({ requestedUs, undoProvenUs }, k) => ({
    fromS: inSeconds(requestedUs) ?? 0,
    // One whose end nothing proved ends at the latest when it is ordered again.
    toS: inSeconds(undoProvenUs ?? orders[k + 1]?.requestedUs),
  }));
}

/** The journal knows the records before the log does, and what was undone after the conductor's death. */
function addJournal(fault: FaultResult, entries: readonly JournalEntry[]): void {
  if (entries.length > 0 && fault.undoRequestedS === null) fault.undo = [];
  for (const { record, undoneBy } of entries) {
    let undo = fault.undo.find(({ id }) => id === record.id);
    if (!undo) fault.undo.push((undo = pending(record)));
    if (undoneBy !== undefined && undo.state !== 'already_done') undo.state = 'done';
  }
}

function apply(fault: FaultResult, event: Extract<RunEvent, { fault: string }>): void {
  switch (event.type) {
    case 'fault.requested':
      fault.requestedS ??= event.t;
      // Ordered again, in the next trial: what was proven gone is back.
      fault.undoProvenS = null;
      fault.undoProof = null;
      for (const undo of fault.undo) undo.state = 'pending';
      // Targets are resolved again right before the injection: what was hit counts, not what was planned.
      fault.summary = event.summary;
      fault.targets = event.targets;
      return;
    case 'fault.injected':
      fault.injectedS ??= event.t;
      return;
    case 'fault.proven':
      fault.provenS ??= event.t;
      // With several trials the worst proof counts.
      fault.proof = fault.proof && rank(fault.proof.status) >= rank(event.proof.status) ? fault.proof : event.proof;
      return;
    case 'fault.failed':
      fault.error = { code: event.code, message: event.message };
      return;
    case 'undo.requested':
      fault.undoRequestedS ??= event.t;
      fault.undo = event.records.map((record) => ({
        ...pending(record),
        state: fault.undo.find(({ id }) => id === record.id)?.state ?? 'pending',
      }));
      return;
    case 'undo.done':
      fault.undoDoneS = event.t;
      setUndo(fault, event.record, { words: event.words, state: event.alreadyDone ? 'already_done' : 'done' });
      return;
    case 'undo.failed':
      setUndo(fault, event.record, {
        words: event.words,
        byHand: event.byHand,
        state: 'failed',
        message: event.message,
      });
      return;
    case 'undo.proven':
      fault.undoProvenS = event.t;
      fault.undoProof = event.proof;
  }
}

function setUndo(fault: FaultResult, id: string, change: Partial<Undo> & Pick<Undo, 'words' | 'state'>): void {
  const known = fault.undo.find((undo) => undo.id === id);
  if (known) Object.assign(known, change);
  else fault.undo.push({ id, byHand: '', ...change });
}

function pending(record: UndoRecord): Undo {
  return { id: record.id, words: record.words, byHand: record.byHand, state: 'pending' };
}

function isUndoProven({ result, proofOptional }: FoldedFault): boolean {
  if (result.undoProof === null || result.undoProvenS === null) return false;
  switch (result.undoProof.status) {
    case 'confirmed':
      return true;
    case 'mismatch':
      return false;
    case 'unknown':
      // The scenario said that this fault can't be measured: then that its undo was carried out must do.
      return proofOptional && result.undo.every(({ state }) => state === 'done' || state === 'already_done');
  }
}

function whyOpen(fault: FaultResult): string {
  const failed = fault.undo.find(({ state }) => state === 'failed');
  if (failed) return `${failed.words} failed: ${failed.message ?? 'unknown reason'}`;
  if (fault.undoProof) return `undone, but ${fault.undoProof.finding || 'not proven to be gone'}`;
  const done = fault.undo.length > 0 && fault.undo.every(({ state }) => state === 'done' || state === 'already_done');
  if (done) return 'undone after the harness died, but not proven to be gone';
  return fault.undoRequestedS === null ? 'its undo was never begun' : 'its undo was not finished';
}

/** A warning names its fault as "(f1)"; one that names none is about all of them. */
function isAbout(message: string, id: string, faults: readonly FoldedFault[]): boolean {
  if (message.includes(`(${id})`)) return true;
  return !faults.some(({ result }) => message.includes(`(${result.id})`));
}

function unplanned(event: EventOf<'fault.requested'>): Planned {
  return {
    id: event.fault,
    type: event.faultType,
    title: event.faultType,
    summary: event.summary,
    settings: {},
    duration: 'lasting',
    atS: 0,
    proofOptional: false,
    targets: event.targets,
    undo: [],
  };
}

function rank(status: 'confirmed' | 'unknown' | 'mismatch'): number {
  return ['confirmed', 'unknown', 'mismatch'].indexOf(status);
}

function inMicroseconds(seconds: number | null): number | undefined {
  return seconds === null ? undefined : microseconds({ t: seconds });
}
