/**
 * What became of an arrival: a closed list; each arrival ends in exactly one. The position in the list is the byte in
 * `arrivals.bin`, so the order may only ever be extended at the end.
 */
export const OUTCOMES = [
  'ok', // complete answer, expected status, checks hold, before the deadline
  'http_4xx', // complete answer with a 4xx that was not expected
  'http_5xx', // complete answer with a 5xx that was not expected
  'check_failed', // complete answer, but a wrong body or an unexpected 1xx, 2xx or 3xx
  'refused', // no connection could be made
  'reset', // the connection was reset before the answer was complete
  'closed', // the peer ended the connection before the answer was complete
  'bad_response', // not HTTP, broken framing, or over a limit
  'timeout', // sent, no complete answer by the deadline
  'unsent', // never sent: the deadline passed while it waited in the driver, or there was no socket or port
  'dropped', // not even queued: the in-flight cap was reached
  'unfinished', // still open when the run was aborted or the driver died
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** A count of each outcome; absent means zero. */
export type OutcomeCounts = Partial<Record<Outcome, number>>;
