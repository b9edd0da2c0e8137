import type { RunEvent } from '../record/events.js';
import type { RunResult } from '../result/schema.js';

/** Where a reporter's output goes. */
export interface ReporterOutput {
  /** The run directory, absolute. */
  directory: string;
  /** `--reporter name=path`: a file of the user's choice instead of the default in the run directory. */
  path: string | undefined;
  /** stdout: the result. */
  out(text: string): void;
  /** stderr: the progress. */
  err(text: string): void;
}

/**
 * Shows a run. Every hook is optional. Reporters know neither each other nor the conductor: they see events while the
 * run goes on, and the result at its end. One that throws is reported and never sinks the run.
 */
export interface Reporter {
  onEvent?(event: RunEvent): void;
  onEnd?(result: RunResult): Promise<void>;
}

/** One file a reporter, named as itself, with this as its default export, and a line in `registry.ts`. */
export interface ReporterDefinition {
  name: string;
  description: string;
  create(output: ReporterOutput): Reporter;
}
