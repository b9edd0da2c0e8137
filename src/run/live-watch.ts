import type { Plan } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import type { EventBody } from '../record/events.js';
import { isOver, liveLimitsOf, liveValue, unitOf, type LiveLimit } from '../result/live-limits.js';
import { formatValue } from '../verdict/words.js';
import { streamHeaders } from './load-session.js';

/** Seconds in a row that are over the line before it is said, and that are within before it is taken back. */
const BAD_SECONDS = 2;
const GOOD_SECONDS = 3;
/** Later records of older seconds change nothing any more. */
const KEPT_SECONDS = 30;

interface Watched {
  limit: LiveLimit & { limit: NonNullable<LiveLimit['limit']> };
  seconds: Map<number, Map<string, EventBody<'second'>>>;
  breached: boolean;
}

/** Says while a run goes on that a service level is over its line, or back: for people, never for the verdict. */
export class LiveWatch {
  readonly #watched: Watched[];

  constructor(
    plan: Plan,
    private readonly log: EventLog,
  ) {
    this.#watched = liveLimitsOf(plan.slos, streamHeaders(plan.load)).flatMap(({ limit, ...rest }) =>
      limit && rest.streams.length > 0 ? [{ limit: { ...rest, limit }, seconds: new Map(), breached: false }] : [],
    );
  }

  onSecond(record: EventBody<'second'>): void {
    for (const watched of this.#watched) {
      if (!watched.limit.streams.includes(record.stream)) continue;
      const streams = watched.seconds.get(record.second) ?? new Map<string, EventBody<'second'>>();
      streams.set(record.stream, record);
      watched.seconds.set(record.second, streams);
      watched.seconds.delete(record.second - KEPT_SECONDS);
      this.#look(watched, record.second);
    }
  }

  #look(watched: Watched, second: number): void {
    const { limit, breached } = watched;
    const value = liveValue(limit, this.#records(watched, second));
    if (value === undefined) return;
    const over = (at: number): boolean | undefined => isOver(limit, this.#records(watched, at));
    const words = (number: number) => formatValue(number, unitOf(limit) ?? 'ratio');
    const length = breached ? GOOD_SECONDS : BAD_SECONDS;
    const turned = Array.from({ length }, (_, back) => over(second - back)).every((is) => is === !breached);
    if (!turned) return;
    watched.breached = !breached;
    this.log.append(breached ? 'slo.recovered' : 'slo.breached', {
      slo: limit.slo,
      value,
      limit: limit.limit.value,
      message: `${limit.slo}: ${words(value)} in the last of ${length} seconds ${breached ? 'within' : 'over'} its line of ${words(limit.limit.value)}`,
    });
  }

  /** Only once every stream that it means has told its second. */
  #records({ limit, seconds }: Watched, second: number): EventBody<'second'>[] {
    const records = [...(seconds.get(second)?.values() ?? [])];
    return records.length < limit.streams.length ? [] : records;
  }
}
