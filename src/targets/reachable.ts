import { connect } from 'node:net';
import { systemClock } from '../support/clock.js';
import { parseAddress } from '../support/units.js';

/** The first of these `host:port`s that accepts no connection; undefined if all do. */
export async function firstUnreachable(addresses: readonly string[], timeLimitMs: number): Promise<string | undefined> {
  const answers = await Promise.all(addresses.map(async (address) => accepts(address, timeLimitMs)));
  return addresses.find((_, position) => !answers[position]);
}

/** Waits until all addresses accept a connection; false when the time is over. */
export async function waitForAddresses(
  addresses: readonly string[],
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const untilUs = systemClock.nowUs() + timeLimitMs * 1000;
  for (;;) {
    if ((await firstUnreachable(addresses, 500)) === undefined) return true;
    if (systemClock.nowUs() >= untilUs) return false;
    await systemClock.sleep(25, signal);
  }
}

async function accepts(address: string, timeLimitMs: number): Promise<boolean> {
  const parsed = parseAddress(address);
  if (!parsed.ok) return false;
  return await new Promise((resolve) => {
    const socket = connect({ ...parsed.value, timeout: timeLimitMs });
    const settle = (answer: boolean) => {
      resolve(answer);
      socket.destroy();
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
