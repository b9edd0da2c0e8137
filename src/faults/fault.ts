import type { z } from 'zod';
import type { Proof, TargetRef } from '../record/proof.js';
import type { UndoRecord } from '../record/undo.js';
import type { Random } from '../support/random.js';
import type { Targets } from '../targets/targets.js';

/**
 * One kind of harm: one file in this folder, named as its type, with this as its default export, and a line in
 * `registry.ts`. `docs/writing-a-fault.md` walks through one.
 */
export interface FaultDefinition<Schema extends z.ZodObject = z.ZodObject> {
  /** Equals the file's name. */
  type: string;
  /** A few words for tables: "Added latency". */
  title: string;
  family: 'link' | 'process' | 'container' | 'machine' | 'anything';
  /** What goes wrong in the field when this happens, and what it is good for. One paragraph, for the docs page. */
  description: string;
  /** Strict, units in types, each setting described: the docs page and the JSON Schema come from it. Without `type`, `at`, `for`, `every`, `proof`. */
  settings: Schema;
  /** `instant`: done at once (a kill). `lasting`: until it is undone. Decides where the fault window begins. */
  duration: 'instant' | 'lasting';
  /** It needs a toxic that a real Toxiproxy does not have. */
  needsPlimsollProxy?: boolean;
  /** A program of the machine that it runs, and the command that installs it: `doctor` looks for it. */
  needsProgram?: { name: string; mend: string };
  /** What the kernel under a Docker Engine must be able to do for it. */
  needsEngine?: 'cpu' | 'memory';
  /** A runnable piece of YAML for the docs page: the entry under `faults:`. */
  example: string;
  /** Names that must exist in the scenario, for `validate`: links and services that the settings point to. */
  refersTo(settings: z.output<Schema>): { links: string[]; services: string[] };
  /**
   * Resolves the targets. No side effect; throws `no_target` if there are none. Called by `plan` and again right before
   * each injection, with the same seed, since an earlier fault has changed the world.
   */
  prepare(settings: z.output<Schema>, context: FaultContext): Promise<PreparedFault>;
}

export interface FaultContext {
  /** Unique in the run, `f1`, or `f1.2` for the second repetition; part of toxic names. */
  id: string;
  targets: Targets;
  random: Random;
}

export interface PreparedFault {
  /** "payment answers 150 ± 10 ms late (link order-payment, downstream)". */
  summary: string;
  targets: TargetRef[];
  /** In the order of injection; undone in reverse. Journaled and fsynced before `inject` is called. */
  undo: UndoRecord[];
  /** What will be undone, in words, where `undo` is still empty before `arm`. */
  undoWords?: string[];
  /**
   * Starts what the fault needs, without any harm yet, and fills in `undo`: a helper process can be named only when it
   * is there. Called between `prepare` and the journal, by runs only. What it started must end with this process.
   */
  arm?(signal: AbortSignal): Promise<void>;
  inject(signal: AbortSignal): Promise<void>;
  /** Measures that the fault took effect. Never throws for a finding: that is `mismatch` or `unknown`. */
  prove(signal: AbortSignal): Promise<Proof>;
  /** Measures that it is gone. Called after the undo records were carried out. */
  proveUndone(): Promise<Proof>;
  /**
   * Called at the end of the fault window, before the undo: did traffic cross the target while the fault was active?
   * Absent: the question makes no sense for this fault.
   */
  proveTraffic?(): Promise<'crossed' | 'none' | 'unverified'>;
}

/** Keeps a definition's settings typed in its own file. */
export function defineFault<Schema extends z.ZodObject>(definition: FaultDefinition<Schema>): FaultDefinition<Schema> {
  return definition;
}
