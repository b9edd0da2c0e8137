import type { Reason } from './judgement.js';

/**
 * A condition that is broken. `both`: nothing can be said. `pass`: only a pass is taken away, since what is known of the
 * method without this condition is that it does not fail too often, or since the doubt is about whether the fault worked.
 */
export interface Blocker {
  takes: 'both' | 'pass';
  reason: Reason;
}

/** Nothing can be said. */
export function both(reason: Reason): Blocker {
  return { takes: 'both', reason };
}
