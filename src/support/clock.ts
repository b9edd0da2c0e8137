import { setTimeout as wait } from 'node:timers/promises';

/** The only source of time. Every process of a run reads the same monotonic clock of the machine. */
export interface Clock {
  /** Microseconds on the machine's monotonic clock (`CLOCK_MONOTONIC`), comparable between processes until a reboot. */
  nowUs(): number;
  /** Wall time, used once in a run's header. */
  wall(): Date;
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  nowUs: () => Number(process.hrtime.bigint() / 1000n),
  wall: () => new Date(),
  async sleep(ms, signal) {
    if (signal?.aborted) throw signal.reason;
    // 2^31-1 is the longest delay that Node's timers know; a longer one would fire at once.
    try {
      await wait(Math.min(Math.max(0, ms), 2 ** 31 - 1), undefined, signal ? { signal } : undefined);
    } catch (error) {
      // Node wraps the reason in an AbortError of its own; callers want the reason.
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
