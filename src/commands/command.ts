import type { Command } from 'commander';

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What the command line hands to a command, so that only `cli.ts` touches the process. */
export interface CommandContext {
  /** stdout: the result. */
  out: (text: string) => void;
  /** stderr: the progress. */
  err: (text: string) => void;
  /** The worst code wins: 4, then the signals, 2, 1, 3, 0. */
  setExitCode(code: number): void;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The terminal behind stderr, where progress is shown. */
  terminal: { isTerminal: boolean; columns: number; colour: boolean };
  /** Is stdout a terminal with colours? */
  colourOut: boolean;
  /** How this was called, for "how to run it again". */
  commandLine: string;
  /** From now on signals go to the listener instead of ending the process; the result stops that. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Leave at once, whatever is still open. */
  exitNow(code: number): never;
}

/**
 * One command: one file in this folder, named as the command, with this as its default export. It must be cheap to load:
 * what is heavy is imported inside the action.
 */
export interface CommandDefinition {
  register(program: Command, context: CommandContext): void;
}
