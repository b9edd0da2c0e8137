/** Where in a file a problem is. Lines and columns count from 1. */
export interface Location {
  file: string;
  line?: number;
  column?: number;
  /** A few source lines with a caret under the place, ready to print. */
  frame?: string;
}

/**
 * What kind of trouble it is; the command line turns it into an exit code.
 *
 * - `usage`: a wrong flag, file or scenario. Nothing was injected (exit 2).
 * - `environment`: the machine, a peer or the system under test did not do its part (exit 3).
 * - `cleanup`: a fault may still be active (exit 4).
 */
export type ErrorKind = 'usage' | 'environment' | 'cleanup';

export interface ErrorDetails {
  /** Stable, lower case with underscores, for machines: `no_target`, `port_in_use`. */
  code: string;
  /** One sentence: what was received, and what is wrong with it. */
  message: string;
  /** The next step, as an order: "Write 0.02pp (percentage points) or 0.02% (of the baseline)." */
  hint?: string | undefined;
  kind?: ErrorKind | undefined;
  location?: Location | undefined;
  cause?: unknown;
}

/** The one error type that Plimsoll throws on purpose. Anything else is a bug and keeps its stack. */
export class PlimsollError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly kind: ErrorKind;
  readonly location: Location | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PlimsollError';
    this.code = details.code;
    this.hint = details.hint;
    this.kind = details.kind ?? 'environment';
    this.location = details.location;
  }
}

/** The sentence of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ECONNREFUSED` …), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
