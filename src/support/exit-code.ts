import { PlimsollError } from './errors.js';

/** Worst first: an incomplete clean-up wins over everything, then the signals, wrong use, failed, not decided, fine. */
const WORST_FIRST = [4, 130, 143, 129, 2, 1, 3, 0];

/** The exit code of several results together. */
export function worstExitCode(codes: readonly number[]): number {
  return WORST_FIRST.find((code) => codes.includes(code)) ?? codes[0] ?? 0;
}

/** The exit code of something that was thrown: usage 2, environment 3, cleanup 4. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PlimsollError)) return 3;
  return { usage: 2, environment: 3, cleanup: 4 }[error.kind];
}
