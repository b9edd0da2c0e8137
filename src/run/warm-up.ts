import type { Plan } from '../plan/plan.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { formatMs } from '../support/units.js';

/** The longest that a warm-up is stretched until the drivers are on time. */
const EXTRA_MS = 10_000;
/** A driver is warm when its scheduling lag (p99 of a second) is at most this. */
const WARM_LAG_MS = 10;
/** A lag above this is no jitter: arrivals wait in the driver. */
const BACKLOG_MS = 1000;

/** Watches the drivers' scheduling lag: a cold driver is late, and one that stays so can't drive this much load here. */
export class WarmUp {
  /** By driver, in its newest second. */
  readonly #lagMs = new Map<string, number>();

  constructor(
    private readonly load: Plan['load'],
    private readonly extraMs = EXTRA_MS,
  ) {}

  note(driver: string, schedulingLagP99Ms: number): void {
    this.#lagMs.set(driver, schedulingLagP99Ms);
  }

  /**
   * Waits until all drivers are on time.
   *
   * @param startUs when the first arrival was due, on the system clock
   * @throws PlimsollError `cannot_drive` when they are not within `extraMs`
   */
  async over(startUs: number, signal: AbortSignal): Promise<void> {
    const untilUs = systemClock.nowUs() + this.extraMs * 1000;
    for (;;) {
      const lagMs = this.#lagMs.size === 0 ? Infinity : Math.max(...this.#lagMs.values());
      if (lagMs <= WARM_LAG_MS) return;
      const nowUs = systemClock.nowUs();
      if (nowUs > untilUs) throw cannotDrive(this.load, lagMs, (nowUs - startUs) / 1000);
      await systemClock.sleep(200, signal);
    }
  }
}

function cannotDrive(load: Plan['load'], lagMs: number, elapsedMs: number): PlimsollError {
  const rates = load.streams.map((stream) => (stream.model === 'open' ? stream.ratePerSecond : 0));
  const perSecond = rates.reduce((sum, rate) => sum + rate, 0);
  const asked = perSecond > 0 ? `${Math.round(perSecond)}/s` : 'so many users';
  // Arrivals are issued in the order in which they are due: what was due before the lag began is all that could be.
  const issued = (perSecond * (elapsedMs - lagMs)) / elapsedMs;
  const reach = lagMs > BACKLOG_MS && issued > 0 ? `; it can drive about ${Number(issued.toPrecision(2))}/s` : '';
  const late = lagMs === Infinity ? 'no second was reported yet' : `requests are issued ${formatMs(lagMs)} late (p99)`;
  return new PlimsollError({
    code: 'cannot_drive',
    message: `this machine cannot drive ${asked}${reach}: after ${formatMs(elapsedMs)} of warm-up ${late}, and at most ${WARM_LAG_MS} ms is allowed`,
    hint: 'Lower the rate, end what else keeps this machine busy, or drive the load from one with more processor time to spare. Nothing was injected.',
  });
}
