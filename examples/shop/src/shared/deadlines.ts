import { defects } from './defects.js';

/**
 * Fail fast: every call has a deadline. A caller waits a little longer than the call behind it may take; otherwise it
 * would give up just when the fallback's answer is on its way.
 */
export interface Deadlines {
  /** order → payment. */
  paymentMs: number;
  /** gateway → order. */
  orderMs: number;
}

export function deadlines(active = defects()): Deadlines {
  if (active.has('no-deadline')) return { paymentMs: 5_000, orderMs: 5_500 };
  if (active.has('no-bulkhead')) return { paymentMs: 2_000, orderMs: 2_500 };
  return { paymentMs: 200, orderMs: 500 };
}
