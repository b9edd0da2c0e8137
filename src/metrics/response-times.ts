import { Histogram, type Registry } from 'prom-client';
import type { EventOf } from '../record/events.js';

/** Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function responseHistogram(registers: Registry[]): Histogram<'stream'> {
  return new Histogram({
    name: 'plimsoll_response_seconds',
    help: 'Response time from the due time, over all arrivals, of each second whose arrivals have all ended. Made from the percentiles of the second (p50, p95, p99, max), each arrival at the upper end of its band: never faster than it was.',
    labelNames: ['stream'],
    buckets: BUCKETS,
    registers,
  });
}

/**
 * Counts one whole second. Events carry percentiles and not arrivals, so 50 % of them are taken at the p50, 45 % at the
 * p95, 4 % at the p99 and the rest at the largest: an upper bound of each. Exact figures are in the result.
 */
export function observeSecond(
  histogram: Histogram<'stream'>,
  { stream, scheduled, responseAll }: EventOf<'second'>,
): void {
  const { p50, p95, p99, max } = responseAll;
  if (p50 === null) return;
  const series = histogram.labels(stream);
  const edges = [
    { to: Math.floor(0.5 * scheduled), value: p50 },
    { to: Math.floor(0.95 * scheduled), value: p95 ?? p50 },
    { to: Math.floor(0.99 * scheduled), value: p99 ?? p95 ?? p50 },
    { to: scheduled, value: max ?? p99 ?? p95 ?? p50 },
  ];
  let counted = 0;
  for (const { to, value } of edges) for (; counted < to; counted++) series.observe(value);
}
