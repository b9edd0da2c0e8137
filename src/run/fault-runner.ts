import type { PreparedFault } from '../faults/fault.js';
import type { ScheduledFault } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import type { EventBody, WindowKind } from '../record/events.js';
import type { Proof } from '../record/proof.js';
import { redactData } from '../record/redact.js';
import { shownRecord } from '../record/undo.js';
import type { Targets } from '../targets/targets.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { random } from '../support/random.js';
import type { Journal } from './journal.js';
import { undoAll } from './undo-runner.js';

/** How long after its planned end the watchdog undoes a fault by itself, whatever the conductor does. */
const DEADLINE_GRACE_MS = 15_000;

interface Active {
  fault: ScheduledFault;
  prepared: PreparedFault;
}

/** Injects, proves, undoes: one fault at a time, each step in the event log, each undo written ahead. */
export class FaultRunner {
  readonly #active = new Map<string, Active>();
  /** Undone while another fault was active, which may have kept the proof from seeing it gone. */
  readonly #unseen = new Map<string, Active>();

  constructor(private readonly context: { journal: Journal; log: EventLog; targets: Targets; seed: number }) {}

  async prepare(fault: ScheduledFault): Promise<PreparedFault> {
    return prepareFault(fault, this.context.targets, this.context.seed);
  }

  /**
   * Prepares again (an earlier fault has changed the world), writes the undo down, injects and proves.
   *
   * @param onRequested called right when the order is given: for instant faults the fault window begins there.
   * @throws PlimsollError `proof_mismatch` when the measurement contradicts the order; the undo is still owed.
   */
  async inject(
    fault: ScheduledFault,
    options: { plannedEndMs: number; signal: AbortSignal; window?: WindowKind; onRequested?: () => void },
  ): Promise<void> {
    const { journal, log } = this.context;
    const prepared = await this.prepare(fault);
    const about = {
      fault: fault.id,
      faultType: fault.definition.type,
      summary: prepared.summary,
      targets: prepared.targets,
    };
    options.signal.throwIfAborted();
    await prepared.arm?.(options.signal);
    journal.willUndo(prepared.undo, systemClock.nowUs() + (options.plannedEndMs + DEADLINE_GRACE_MS) * 1000);
    this.#active.set(fault.id, { fault, prepared });
    this.#unseen.delete(fault.id);
    options.onRequested?.();
    log.append('fault.requested', { ...about, ...(options.window ? { window: options.window } : {}) });
    try {
      await prepared.inject(options.signal);
      log.append('fault.injected', about);
      const proof = await prepared.prove(options.signal);
      log.append('fault.proven', { ...about, proof });
      if (proof.status === 'mismatch') {
        throw new PlimsollError({
          code: 'proof_mismatch',
          message: `${fault.definition.type} was injected, but the measurement says otherwise: ${proof.finding}`,
          hint: 'Check that the fault is on the path that it is meant for; the evidence is in the report.',
        });
      }
    } catch (error) {
      if (!options.signal.aborted) {
        const code = error instanceof PlimsollError ? error.code : 'injection_failed';
        log.append('fault.failed', { ...about, code, message: messageOf(error) });
      }
      throw error;
    }
  }

  /** Faults whose undo is still owed, in the order of injection. */
  active(): ScheduledFault[] {
    return [...this.#active.values()].map(({ fault }) => fault);
  }

  /** Did traffic cross the targets of the active faults? Asked before the undo; a finding is a warning in the log. */
  async proveTraffic(which: (fault: ScheduledFault) => boolean = () => true): Promise<void> {
    for (const { fault, prepared } of this.#active.values()) {
      if (!which(fault)) continue;
      const traffic = await prepared.proveTraffic?.();
      if (traffic === undefined || traffic === 'crossed') continue;
      const message =
        traffic === 'none'
          ? `no traffic crossed the target of ${fault.definition.type} (${fault.id}) while it was active: the fault cannot have had an effect`
          : `it is not known whether traffic crossed the target of ${fault.definition.type} (${fault.id}): the server does not say`;
      this.context.log.append('warning', {
        code: traffic === 'none' ? 'link_without_traffic' : 'link_traffic_unverified',
        message,
      });
      if (traffic === 'none')
        throw new PlimsollError({
          code: 'link_without_traffic',
          message,
          hint: "Does the system really dial the link's `listen` address?",
        });
    }
  }

  /**
   * Undoes the given faults (default: all), last injected first. On its own clock: nothing cancels it. All records are
   * tried; each result is in the log. Never throws for a failed undo: the log and the exit code say it.
   */
  async undo(which: (fault: ScheduledFault) => boolean = () => true): Promise<void> {
    const entries = [...this.#active.values()].filter(({ fault }) => which(fault)).reverse();
    for (const { fault, prepared } of entries) await this.#undoOne(fault, prepared);
    if (this.#active.size > 0) return;
    // Now that nothing else is in the way: was it really gone?
    for (const { fault, prepared } of this.#unseen.values()) await this.#proveUndo(fault, prepared);
    this.#unseen.clear();
  }

  async #undoOne(fault: ScheduledFault, prepared: PreparedFault): Promise<void> {
    const { journal, log } = this.context;
    const about = { fault: fault.id, faultType: fault.definition.type };
    log.append('undo.requested', { ...about, records: prepared.undo.map(shownRecord) });
    await undoAll(prepared.undo, {
      onDone: (record, outcome) => {
        journal.undone(record.id);
        log.append('undo.done', { ...about, record: record.id, words: record.words, alreadyDone: outcome.alreadyDone });
      },
      onFailed: (record, error) =>
        log.append('undo.failed', {
          ...about,
          record: record.id,
          words: record.words,
          byHand: record.byHand,
          message: messageOf(error),
        }),
    });
    const proof = await this.#proveUndo(fault, prepared);
    this.#active.delete(fault.id);
    if (proof.status !== 'confirmed' && this.#active.size > 0) this.#unseen.set(fault.id, { fault, prepared });
  }

  async #proveUndo(fault: ScheduledFault, prepared: PreparedFault): Promise<Proof> {
    const proof = await proveUndone(prepared);
    this.context.log.append('undo.proven', { fault: fault.id, faultType: fault.definition.type, proof });
    return proof;
  }
}

/** Resolves the targets of a fault, with the fault's own stream of chance. No side effect. */
export async function prepareFault(fault: ScheduledFault, targets: Targets, seed: number): Promise<PreparedFault> {
  return fault.definition.prepare(fault.settings, { id: fault.id, targets, random: random(seed, `fault/${fault.id}`) });
}

/** A proof that throws is no proof. */
async function proveUndone(prepared: PreparedFault): Promise<Proof> {
  try {
    return await prepared.proveUndone();
  } catch (error) {
    return {
      status: 'unknown',
      method: 'none',
      finding: `the proof of the undo failed: ${messageOf(error)}`,
      measured: {},
    };
  }
}

/** What the plan says about a prepared fault. */
export function plannedFault(
  fault: ScheduledFault,
  prepared: PreparedFault,
): EventBody<'plan.resolved'>['faults'][number] {
  return {
    id: fault.id,
    type: fault.definition.type,
    title: fault.definition.title,
    summary: prepared.summary,
    settings: redactData(fault.settingsText) as Record<string, unknown>,
    duration: fault.definition.duration,
    atS: fault.atMs / 1000,
    ...(fault.forMs === undefined ? {} : { forS: fault.forMs / 1000 }),
    proofOptional: fault.proofOptional,
    targets: prepared.targets,
    undo: prepared.undoWords ?? prepared.undo.map((record) => record.words),
  };
}
