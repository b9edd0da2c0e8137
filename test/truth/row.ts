import type { RequestPlan, StreamPlan } from '../../src/load/driver.js';
import { FIRST_ID } from './agreement.js';
import { closedStream, openStream, request } from './experiment.js';

/** How large a row is run: full size in the long tests, small in the quick ones. */
export interface Size {
  seconds: number;
  /** When the trouble begins, for rows with one. */
  troubleAtS: number;
  troubleMs: number;
  /** For rows where every n-th request is hit. */
  every: number;
  /** For rows without trouble of their own. */
  steadySeconds: number;
}

export const FULL: Size = { seconds: 8, troubleAtS: 4, troubleMs: 2000, every: 100, steadySeconds: 8 };
export const QUICK: Size = { seconds: 1.6, troubleAtS: 0.4, troubleMs: 600, every: 20, steadySeconds: 0.8 };

export interface Row {
  name: string;
  quick: boolean;
  /** Its truth is the server's log alone, no time: may run beside others. */
  untimed?: boolean;
  run(size: Size): Promise<void>;
}

export const RATE = 200;

/** The same requests as an open and as a closed stream, their ids apart. */
export function both(
  url: string,
  changes: Partial<RequestPlan> = {},
  open: Partial<StreamPlan & { model: 'open' }> = {},
) {
  const requests = [request(url, changes)];
  return [
    openStream(requests, open),
    closedStream(requests, { data: { id: { kind: 'sequence', start: FIRST_ID[1] ?? 0 } } }),
  ];
}
