import type { Outcome } from '../record/outcomes.js';
import { systemCodeOf } from '../support/errors.js';

const LOCAL_LIMITS = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);
const RESETS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** This machine had no socket, port or buffer left: the driver's trouble, not the system's. */
export function isLocalLimit(error: unknown): boolean {
  return LOCAL_LIMITS.has(systemCodeOf(error) ?? '');
}

/** No connection could be made. */
export function outcomeOfConnectFailure(error: unknown): Extract<Outcome, 'refused' | 'unsent'> {
  return isLocalLimit(error) ? 'unsent' : 'refused';
}

/** The network broke an established connection under a request: anything that isn't a FIN. */
export function isReset(error: unknown): boolean {
  return RESETS.has(systemCodeOf(error) ?? '');
}
