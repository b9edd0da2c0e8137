import type { SourcePlan } from '../../plan/plan.js';
import type { EventLog } from '../../record/event-log.js';
import type { SourceSample } from '../../record/source-sample.js';
import { systemClock } from '../../support/clock.js';
import { messageOf } from '../../support/errors.js';
import type { Slo } from '../../verdict/slo.js';
import { LogReader } from './log.js';
import { Pages } from './pages.js';
import { QueryReader } from './query.js';
import { scrape } from './scrape.js';

/** How long a reading may take before it counts as none. */
const TIME_LIMIT_MS = 2000;
/** A sample may be so many times as old as the source has new ones. */
const STALE_AFTER = 2.5;

type Read = (signal: AbortSignal) => Promise<SourceSample | undefined>;

/**
 * Reads what the SLOs need from elsewhere, again and again, and writes it into the event log: so that a run can be judged
 * once more when the system is long gone.
 */
export class SourceSampler {
  readonly #reads: { plan: SourcePlan; read: Read }[];

  constructor(
    plan: { sources: readonly SourcePlan[]; slos: readonly Slo[] },
    private readonly context: { log: EventLog; t0Us: number; logPath: (name: string) => string },
  ) {
    const pages = new Pages();
    this.#reads = plan.sources.map((source) => ({
      plan: source,
      read: readerOf(source, everyOf(source.source, plan.slos), pages, context.logPath),
    }));
  }

  /** Reads until `signal`; each source on its own, so that a slow one holds up no other. */
  start(signal: AbortSignal): void {
    for (const { plan, read } of this.#reads) void this.#follow(plan, read, signal);
  }

  async #follow(plan: SourcePlan, read: Read, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const beganUs = systemClock.nowUs();
        const sample = await read(signal);
        signal.throwIfAborted();
        const endedUs = systemClock.nowUs();
        // The figures were true at some moment between question and answer.
        const atUs = Math.round((beganUs + endedUs) / 2 - this.context.t0Us);
        if (sample) this.context.log.append('source.sample', { source: plan.source, atUs, sample });
        // All on one grid: those that read the same page do so at the same moment, and share it.
        const everyUs = plan.everyMs * 1000;
        await systemClock.sleep((everyUs - (systemClock.nowUs() % everyUs)) / 1000, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      // Without readings the verdict is inconclusive by itself; this says why.
      this.context.log.append('warning', {
        code: 'source_given_up',
        message: `${plan.source} is not read any more: ${messageOf(error)}`,
      });
    }
  }
}

function readerOf(plan: SourcePlan, everyS: number, pages: Pages, logPath: (name: string) => string): Read {
  switch (plan.how) {
    case 'scrape':
      return async (signal) => scrape(plan, { pages, timeLimitMs: TIME_LIMIT_MS, signal });
    case 'query': {
      const reader = new QueryReader(plan, STALE_AFTER * everyS);
      return async (signal) => reader.read({ timeLimitMs: TIME_LIMIT_MS, signal });
    }
    case 'log': {
      const reader = new LogReader(plan, logPath);
      return async () => reader.read();
    }
  }
}

function everyOf(source: string, slos: readonly Slo[]): number {
  const periods = slos.flatMap(({ indicator }) =>
    indicator.type === 'prometheus' && indicator.source === source ? [indicator.everyS] : [],
  );
  return Math.max(1, ...periods);
}
