import type { EventOf } from '../record/events.js';
import type { Slo } from '../verdict/slo.js';

export type Second = Pick<
  EventOf<'second'>,
  'stream' | 'second' | 'scheduled' | 'outcomes' | 'open' | 'responseOk' | 'responseAll'
>;

/** One stream as a run's first event names it. */
type StreamName = Pick<EventOf<'run.started'>['streams'][number], 'name' | 'model' | 'requests'>;

/** A service level that can be watched second by second. */
export interface LiveLimit {
  slo: string;
  severity: Slo['severity'];
  indicator: Slo['indicator'];
  streams: readonly string[];
  /** In the indicator's own unit; undefined: it has no objective, or its record does not tell. */
  limit: { op: '>=' | '<='; value: number } | undefined;
}

/**
 * What of the service levels a single second can tell. Seconds are not kept by request: one that speaks of a request is
 * watched only where that is the stream's only one. An indication for people; the verdict is judged from all arrivals.
 */
export function liveLimitsOf(slos: readonly Slo[], streams: readonly StreamName[]): LiveLimit[] {
  const open = streams.filter(({ model }) => model === 'open');
  const usual = open.length > 0 ? open : streams;
  return slos.map((slo) => {
    const meant = slo.stream === undefined ? usual : streams.filter(({ name }) => name === slo.stream);
    const told = meant.filter(({ requests }) => slo.request === undefined || sameOnly(requests, slo.request));
    return {
      slo: slo.name,
      severity: slo.severity,
      indicator: slo.indicator,
      streams: told.map(({ name }) => name),
      limit: slo.objective && slo.objective.during !== 'recovery' ? slo.objective : undefined,
    };
  });
}

/** The indicator in one second, over the records of its streams; undefined: that second does not tell. */
export function liveValue({ indicator }: Pick<LiveLimit, 'indicator'>, seconds: readonly Second[]): number | undefined {
  const ended = seconds.reduce((sum, { scheduled, open }) => sum + scheduled - open, 0);
  const ok = seconds.reduce((sum, { outcomes }) => sum + (outcomes.ok ?? 0), 0);
  if (seconds.length === 0) return undefined;
  switch (indicator.type) {
    case 'availability':
      return ended > 0 ? ok / ended : undefined;
    case 'error-rate':
      return ended > 0 ? 1 - ok / ended : undefined;
    case 'throughput':
      return ok;
    case 'latency': {
      const column = ({ 0.5: 'p50', 0.95: 'p95', 0.99: 'p99' } as const)[indicator.quantile];
      if (column === undefined) return undefined;
      const values = seconds.map((second) =>
        indicator.population === 'ok' ? second.responseOk[column] : second.responseAll[column],
      );
      const known = values.filter((value): value is number => value !== null);
      // Of several streams the slowest: a percentile of the whole can't be made from those of its parts.
      return known.length > 0 ? Math.max(...known) : undefined;
    }
    default:
      return undefined;
  }
}

/** Is the indicator on the wrong side of its limit in one second? Undefined: that second does not tell. */
export function isOver(watched: LiveLimit, seconds: readonly Second[]): boolean | undefined {
  const value = liveValue(watched, seconds);
  const { limit, indicator } = watched;
  if (limit === undefined || value === undefined) return undefined;
  // One that is not ok ranks above every ok one: requests that are refused at once are not fast.
  if (indicator.type === 'latency' && indicator.population === 'all') {
    const share = liveValue({ indicator: { type: 'availability' } }, seconds);
    if (share !== undefined && share < indicator.quantile) return limit.op === '<=';
  }
  return limit.op === '>=' ? value < limit.value : value > limit.value;
}

/** The unit of the indicator's value, for people; undefined: no second's record tells it. */
export function unitOf({ indicator }: Pick<LiveLimit, 'indicator'>): 'seconds' | 'per_second' | 'ratio' | undefined {
  switch (indicator.type) {
    case 'latency':
      return 'seconds';
    case 'throughput':
      return 'per_second';
    case 'availability':
    case 'error-rate':
      return 'ratio';
    default:
      return undefined;
  }
}

function sameOnly(requests: readonly string[], request: string): boolean {
  return requests.length === 1 && requests[0] === request;
}
