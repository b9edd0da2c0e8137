import { connect } from 'node:net';
import { parseAddress } from '../support/units.js';

/** Time for the proxy to dial the upstream before the end of the stream is sent. */
const SETTLE_MS = 30;

/**
 * Connects, says nothing, ends its side, and measures how long the other side takes to end its own, in milliseconds.
 * Needs no protocol. Undefined if there is no connection or no end within the time limit.
 */
export async function timeToClose(address: string, timeLimitMs: number): Promise<number | undefined> {
  const parsed = parseAddress(address);
  if (!parsed.ok) return undefined;
  return await new Promise((resolve) => {
    const socket = connect({ ...parsed.value, allowHalfOpen: true });
    let endedMs: number | undefined;
    const settle = (result: number | undefined) => {
      clearTimeout(limit);
      resolve(result);
      socket.destroy();
    };
    const limit = setTimeout(() => settle(undefined), timeLimitMs);
    socket.once('connect', () =>
      setTimeout(() => {
        endedMs = performance.now();
        socket.end();
      }, SETTLE_MS),
    );
    socket.once('end', () => settle(endedMs === undefined ? undefined : performance.now() - endedMs));
    socket.once('error', () => settle(undefined));
    socket.resume();
  });
}
