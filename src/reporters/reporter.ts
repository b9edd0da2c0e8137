import type { RunEvent } from '../record/events.js';
import type { RunResult } from '../result/schema.js';

/** The terminal as its owner, the command line, sees it. */
export interface TerminalOptions {
  /** Read at each redraw, so a getter may follow the window's size. */
  readonly columns: number;
  /** Is stderr a terminal? Then the display is live. */
  isTerminal: boolean;
  /** False with `NO_COLOR`, `TERM=dumb` or where nobody sees colour. */
  colour: boolean;
  /** `quiet`: the summary alone. `verbose`: every event. Default: `normal`. */
  verbosity?: 'quiet' | 'normal' | 'verbose';
}

/** Where a reporter's output goes. */
export interface ReporterOutput {
  /** The run directory, absolute. */
  directory: string;
  /** `--reporter name=path`: a file of the user's choice instead of the default in the run directory. */
  path: string | undefined;
  /** Told the absolute path of each file that was written. */
  wrote?(path: string): void;
  /** The environment; only what belongs to a CI system is read from it. */
  env?: Readonly<Record<string, string | undefined>>;
  /** stdout: the result. */
  out(text: string): void;
  /** stderr: the progress. */
  err(text: string): void;
  /** Absent: plain lines of 80 columns without colour. */
  terminal?: TerminalOptions;
  /** The report that a summary names; absent: the terminal says `report.html` in the run directory. */
  report?: string;
}

/**
 * Shows a run. Every hook is optional. Reporters know neither each other nor the conductor: they see events while the
 * run goes on, and the result at its end. One that throws is reported and never sinks the run.
 */
export interface Reporter {
  onEvent?(event: RunEvent): void;
  onEnd?(result: RunResult): Promise<void>;
  /** A line for people from outside the run's events, such as the failure of another reporter. */
  onNotice?(text: string): void;
}

/** One file a reporter, named as itself, with this as its default export, and a line in `registry.ts`. */
export interface ReporterDefinition {
  name: string;
  description: string;
  create(output: ReporterOutput): Reporter;
}
